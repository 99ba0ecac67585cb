const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Text for XML 1.0, which has no place for most control characters (section 2.2); `more` are characters that are written otherwise where it stands. */
export function escapeXml(text: string, more: Readonly<Record<string, string>> = {}): string {
  return Array.from(text, (c) => more[c] ?? ENTITIES[c] ?? (isAllowed(c) ? c : "\ufffd")).join("");
}

function isAllowed(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x20
    ? code !== 0xfffe && code !== 0xffff && !(code >= 0xd800 && code <= 0xdfff)
    : code === 0x09 || code === 0x0a || code === 0x0d;
}
