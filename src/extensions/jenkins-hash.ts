function rol(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** Bob Jenkins' hash over 32-bit words (include/linux/jhash.h, jhash2; jhash_3words and its like give the same). */
export function jenkinsHash(words: readonly number[], initval: number): number {
  let a = (0xdeadbeef + (words.length << 2) + initval) | 0;
  let b = a;
  let c = a;
  let i = 0;
  let left = words.length;
  while (left > 3) {
    a = (a + (words[i] ?? 0)) | 0;
    b = (b + (words[i + 1] ?? 0)) | 0;
    c = (c + (words[i + 2] ?? 0)) | 0;
    a = ((a - c) ^ rol(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rol(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rol(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rol(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rol(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rol(b, 4)) | 0;
    b = (b + a) | 0;
    i += 3;
    left -= 3;
  }
  if (left === 0) return c >>> 0;
  if (left >= 3) c = (c + (words[i + 2] ?? 0)) | 0;
  if (left >= 2) b = (b + (words[i + 1] ?? 0)) | 0;
  a = (a + (words[i] ?? 0)) | 0;
  c = ((c ^ b) - rol(b, 14)) | 0;
  a = ((a ^ c) - rol(c, 11)) | 0;
  b = ((b ^ a) - rol(a, 25)) | 0;
  c = ((c ^ b) - rol(b, 16)) | 0;
  a = ((a ^ c) - rol(c, 4)) | 0;
  b = ((b ^ a) - rol(a, 14)) | 0;
  c = ((c ^ b) - rol(b, 24)) | 0;
  return c >>> 0;
}

/** Maps a hash to 0 … limit - 1 (include/linux/kernel.h, reciprocal_scale). */
export function scaledHash(hash: number, limit: number): number {
  return Number((BigInt(hash >>> 0) * BigInt(limit)) >> 32n);
}
