/** The fewest parts of a whole that still fail, found by leaving out ever smaller stretches until the time is up. */
async function fewest<T>(whole: readonly T[], fails: (parts: readonly T[]) => Promise<boolean>, until: number): Promise<readonly T[]> {
  let now = whole;
  for (let size = Math.ceil(now.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < now.length && Date.now() < until; ) {
      const without = now.toSpliced(at, size);
      if (without.length > 0 && (await fails(without))) now = without;
      else at += size;
    }
  }
  return now;
}

/** A smaller text that still fails: lines are left out first, characters then. */
export async function smallestText(text: string, fails: (text: string) => Promise<boolean>, until: number): Promise<string> {
  const joined = (parts: readonly string[]) => parts.join("");
  const lines = joined(await fewest(text.split(/(?<=\n)/), (parts) => fails(joined(parts)), until));
  return joined(await fewest(lines.split(""), (parts) => fails(joined(parts)), until));
}

/** Fewer octets that still fail. */
export async function smallestOctets(
  octets: Uint8Array,
  fails: (octets: Uint8Array) => Promise<boolean>,
  until: number,
): Promise<Uint8Array> {
  return Uint8Array.from(await fewest([...octets], (parts) => fails(Uint8Array.from(parts)), until));
}
