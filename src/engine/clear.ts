/** Takes everything out of a list that mostly has a few things in it: V8 sets a length far more slowly than it takes out so many. */
export function clear(list: unknown[]): void {
  while (list.length > 0) list.pop();
}
