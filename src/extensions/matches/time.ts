import { factWords, unlessAssumed } from "../assumption.ts";
import { dateText, LAST_DATE, momentOf, parseDate, parseTimeOfDay, timeText } from "../calendar.ts";
import { FLAG, parseNumber, word } from "../codecs.ts";
import { oneOf } from "../condition.ts";
import { type Draw, not } from "../draw.ts";
import { type Args, match, type PacketContext } from "../spec.ts";

const DAY = 86_400;
const LAST_SECOND = DAY - 1;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

type Days = readonly number[];

function daysUpTo(last: number): Days {
  return Array.from({ length: last }, (_, i) => i + 1);
}

function dayList(text: string, last: number, parse: (part: string) => number | undefined): Days | undefined {
  const given = text.split(",").map(parse);
  return given.includes(undefined) ? undefined : daysUpTo(last).filter((day) => given.includes(day));
}

/** Two letters of a name are enough (libxt_time.c, time_parse_weekdays). */
function parseWeekday(text: string): number | undefined {
  const index = WEEKDAYS.findIndex((name) => text.startsWith(name.slice(0, 2)));
  return index >= 0 ? index + 1 : parseNumber(text, 1, 7);
}

const options = {
  start: { flag: "--timestart", codec: word("a time of day (hh:mm[:ss])", parseTimeOfDay, timeText) },
  stop: { flag: "--timestop", codec: word("a time of day (hh:mm[:ss])", parseTimeOfDay, timeText) },
  monthdays: {
    flag: "--monthdays",
    codec: word<Days>(
      "a list of days from 1 to 31",
      (text) => dayList(text, 31, (part) => parseNumber(part, 0, 31)),
      (days) => days.join(),
    ),
    negatable: true,
  },
  weekdays: {
    flag: "--weekdays",
    codec: word<Days>(
      "a list of days: Mon, Tue … or 1 to 7",
      (text) => dayList(text, 7, parseWeekday),
      (days) => days.map((day) => WEEKDAYS[day - 1]).join(),
    ),
    negatable: true,
  },
  from: { flag: "--datestart", codec: word("a date (YYYY-MM-DDThh:mm:ss)", parseDate, dateText) },
  to: { flag: "--datestop", codec: word("a date (YYYY-MM-DDThh:mm:ss)", parseDate, dateText) },
  utc: { flag: "--utc", codec: FLAG },
  kernelTz: { flag: "--kerneltz", aliases: ["--localtz"], codec: FLAG },
  contiguous: { flag: "--contiguous", codec: FLAG },
} as const;

type TimeArgs = Args<typeof options>;

function chosen(option: TimeArgs["weekdays"], last: number): Days | undefined {
  if (!option) return undefined;
  const days = daysUpTo(last).filter((day) => option.value.includes(day) !== option.not);
  return days.length === last ? undefined : days;
}

/** The arguments with all defaults. */
function settingsOf(args: TimeArgs) {
  return {
    start: args.start?.value ?? 0,
    stop: args.stop?.value ?? LAST_SECOND,
    monthdays: chosen(args.monthdays, 31),
    weekdays: chosen(args.weekdays, 7),
    from: args.from?.value ?? 0,
    to: args.to?.value ?? LAST_DATE,
    contiguous: args.contiguous !== undefined,
  };
}

function canonical(args: TimeArgs): TimeArgs {
  const { start, stop, monthdays, weekdays, from, to } = settingsOf(args);
  const given = <T>(value: T) => ({ value, not: false });
  const times = start === 0 && stop === LAST_SECOND ? {} : { start: given(start), stop: given(stop) };
  return {
    ...times,
    ...(monthdays ? { monthdays: given(monthdays) } : {}),
    ...(weekdays ? { weekdays: given(weekdays) } : {}),
    ...(from === 0 ? {} : { from: given(from) }),
    ...(to === 0 ? {} : { to: given(to) }),
    kernelTz: args.kernelTz,
    contiguous: args.contiguous,
  };
}

/** xt_time.c, time_mt. */
function isInTime(settings: ReturnType<typeof settingsOf>, seconds: number): boolean {
  const { start, stop, monthdays, weekdays, from, to, contiguous } = settings;
  if (seconds < from || seconds > to) return false;
  const { second } = momentOf(seconds);
  let day = seconds;
  if (start < stop) {
    if (second < start || second > stop) return false;
  } else {
    if (second < start && second > stop) return false;
    // What is left of a span over midnight belongs to the day on which it began.
    if (contiguous && second <= stop) day -= DAY;
  }
  const { weekday, monthday } = momentOf(day);
  return (weekdays?.includes(weekday) ?? true) && (monthdays?.includes(monthday) ?? true);
}

function timeMatch(args: TimeArgs, context: PacketContext) {
  const settings = settingsOf(args);
  const seconds = Number(context.time / 1_000_000_000n);
  if (!args.kernelTz) return isInTime(settings, seconds);
  return unlessAssumed(context, "time.minuteswest", (minutes) => isInTime(settings, seconds - 60 * Number(minutes)));
}

function words(args: TimeArgs): string {
  const { start, stop, monthdays, weekdays, from, to, contiguous } = settingsOf(args);
  const parts = [
    ...(start === 0 && stop === LAST_SECOND ? [] : [`from ${timeText(start)} to ${timeText(stop)}${contiguous ? " of the next day" : ""}`]),
    ...(weekdays ? [`on ${oneOf(weekdays.map((day) => WEEKDAYS[day - 1] ?? "")) || "no day"}`] : []),
    ...(monthdays ? [`on day ${oneOf(monthdays.map(String)) || "0"} of the month`] : []),
    ...(from === 0 ? [] : [`since ${dateText(from)}`]),
    ...(to === LAST_DATE ? [] : [`until ${dateText(to)}`]),
  ];
  return `${parts.join(", ") || "at any time"} (${args.kernelTz ? "time zone of the kernel" : "UTC"})`;
}

function drawTime(d: Draw): string {
  const hour = () => `${String(d.integer(0, 23)).padStart(2, "0")}:${String(d.integer(0, 59)).padStart(2, "0")}:00`;
  const days = (last: number) => [...new Set(Array.from({ length: d.integer(1, 4) }, () => d.integer(1, last)))].sort((a, b) => a - b);
  const [start, stop] = [hour(), hour()];
  const parts = [
    ...(d.chance(2) ? [`--timestart ${start} --timestop ${stop}`] : []),
    ...(d.chance(2)
      ? [
          `${not(d)}--weekdays ${days(7)
            .map((day) => WEEKDAYS[day - 1])
            .join()}`,
        ]
      : []),
    ...(d.chance(3) ? [`${not(d)}--monthdays ${days(31).join()}`] : []),
    ...(d.chance(3) ? [`--datestart ${d.pick(["2020-01-01T00:00:00", "2037-06-05T04:03:02"])}`] : []),
    ...(d.chance(3) ? [`--datestop ${d.pick(["2020-01-01T00:00:00", "2037-06-05T04:03:02"])}`] : []),
    ...(d.chance(30) ? ["--kerneltz"] : []),
  ];
  const contiguous = parts[0]?.startsWith("--timestart") && stop < start && d.chance(2) ? " --contiguous" : "";
  return `-m time${parts.map((part) => ` ${part}`).join("")}${contiguous}`;
}

const time = match({
  name: "time",
  options,
  canonical,
  check: (args) => {
    if (args.utc && args.kernelTz) return "time takes --utc or --kerneltz, not both";
    const { start, stop } = settingsOf(args);
    return args.contiguous && start <= stop ? "--contiguous needs a --timestop before --timestart" : undefined;
  },
  explain: words,
  compile: (args) => (context) => timeMatch(args, context),
  draw: drawTime,
  forks: `with \`--kerneltz\` ${factWords("time.minuteswest")}`,
  doc: "Time of day, days and dates, on the capture's clock.",
  examples: [
    {
      rule: "-m time --timestart 22:00 --timestop 2:30 --contiguous --weekdays Friday,6",
      saved: "-m time --timestart 22:00:00 --timestop 02:30:00 --weekdays Fri,Sat --datestop 2038-01-19T03:14:07 --contiguous",
      says: "from 22:00:00 to 02:30:00 of the next day, on Fri or Sat (UTC)",
    },
    {
      rule: "-m time --datestart 2024-02-31 --monthdays 31,1 --kerneltz",
      saved: "-m time --monthdays 1,31 --datestart 2024-03-02T00:00:00 --datestop 2038-01-19T03:14:07 --kerneltz",
      says: "on day 1 or 31 of the month, since 2024-03-02T00:00:00 (time zone of the kernel)",
    },
    {
      rule: "-m time ! --weekdays Sat,Sun --utc",
      saved: "-m time --weekdays Mon,Tue,Wed,Thu,Fri --datestop 2038-01-19T03:14:07",
      says: "on Mon, Tue, Wed, Thu or Fri (UTC)",
    },
  ],
});

export const specs = [time];
