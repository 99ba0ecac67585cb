/** The options without all but the last of those that take each other's place: iptables keeps what it reads last. */
export function lastGiven<A extends object>(args: A, ...rivals: readonly (keyof A)[]): A {
  const given = (Object.keys(args) as (keyof A)[]).filter((key) => rivals.includes(key) && args[key] !== undefined);
  if (given.length < 2) return args;
  const kept = { ...args };
  for (const key of given.slice(0, -1)) delete kept[key];
  return kept;
}

/** Whether one option was given after another one. */
export function isAfter<A extends object>(args: A, later: keyof A, earlier: keyof A): boolean {
  const order = Object.keys(args) as (keyof A)[];
  return order.indexOf(later) > order.indexOf(earlier) && order.includes(earlier);
}
