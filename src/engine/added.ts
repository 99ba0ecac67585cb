/** A list with one more thing at its end. V8 makes room for seventeen where something is pushed into an empty list, and of most lists that a packet needs nothing more comes than one. */
export function added<T>(list: T[], one: T): T[] {
  if (list.length === 0) return [one];
  list.push(one);
  return list;
}

/** A list to begin with, which stays empty. */
export const EMPTY: never[] = [];
