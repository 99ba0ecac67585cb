const DAY = 86_400;

/** The last date that 32 bits with a sign can tell: what -m time has where none is given. */
export const LAST_DATE = 0x7fffffff;

/** A moment by the clock that a rule goes by. */
export interface Moment {
  /** Seconds since midnight. */
  readonly second: number;
  /** 1 is Monday, 7 is Sunday. */
  readonly weekday: number;
  /** From 1. */
  readonly monthday: number;
}

/** Takes seconds since the epoch apart (xt_time.c, localtime_1, localtime_2 and localtime_3). */
export function momentOf(seconds: number): Moment {
  const days = Math.floor(seconds / DAY);
  const date = new Date(days * DAY * 1000);
  return { second: seconds - days * DAY, weekday: date.getUTCDay() || 7, monthday: date.getUTCDate() };
}

/** Reads "hh:mm[:ss]" as seconds since midnight. */
export function parseTimeOfDay(text: string): number | undefined {
  const found = /^\s*(\d+):(\d*)(?::(\d*))?$/.exec(text);
  if (!found) return undefined;
  const [hour, minute, second] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  return hour > 23 || minute > 59 || second > 59 ? undefined : hour * 3600 + minute * 60 + second;
}

/** Reads "YYYY[-MM[-DD[Thh[:mm[:ss]]]]]" in UTC as seconds since the epoch; a day that a month does not have goes over into the next. */
export function parseDate(text: string): number | undefined {
  const found = /^(\d+)(?:-(\d+)(?:-(\d+)(?:T(\d+)(?::(\d+)(?::(\d+))?)?)?)?)?$/.exec(text);
  if (!found) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found.slice(1).map((part) => (part ? Number(part) : undefined));
  const inside = year >= 1970 && year <= 2038 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
  if (!inside || hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** "08:05:00". */
export function timeText(second: number): string {
  return new Date(second * 1000).toISOString().slice(11, 19);
}

/** "2024-03-05T11:00:00". */
export function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}
