/** A packet of a pcapng file; `ticks` of its interface's clock. */
export interface NgPacket {
  readonly data: Uint8Array;
  readonly interface?: number;
  readonly ticks?: bigint;
  readonly length?: number;
  readonly captured?: number;
  readonly flags?: number;
}

/** Code and value of an option. */
export type NgOption = readonly [code: number, value: Uint8Array];

/** Writes the blocks of a pcapng section in one byte order. */
export class NgWriter {
  private readonly little: boolean;

  constructor(little: boolean) {
    this.little = little;
  }

  /** Numbers of 16 or 32 bits; a bigint is one of 64. */
  numbers(bits: 16 | 32, ...values: (number | bigint)[]): Uint8Array {
    const parts = values.map((value) => {
      const view = new DataView(new ArrayBuffer(typeof value === "bigint" ? 8 : bits / 8));
      if (typeof value === "bigint") view.setBigInt64(0, value, this.little);
      else if (bits === 16) view.setUint16(0, value, this.little);
      else view.setUint32(0, value, this.little);
      return new Uint8Array(view.buffer);
    });
    return join(...parts);
  }

  block(type: number, ...body: Uint8Array[]): Uint8Array {
    const octets = pad(join(...body));
    const length = octets.length + 12;
    return join(this.numbers(32, type, length), octets, this.numbers(32, length));
  }

  options(options: readonly NgOption[]): Uint8Array {
    if (options.length === 0) return new Uint8Array(0);
    return join(...options.map(([code, value]) => join(this.numbers(16, code, value.length), pad(value))), new Uint8Array(4));
  }

  section(options: readonly NgOption[] = [], version: readonly [number, number] = [1, 0]): Uint8Array {
    const head = join(this.numbers(32, 0x1a2b3c4d), this.numbers(16, ...version), new Uint8Array(8).fill(0xff));
    return this.block(0x0a0d0d0a, head, this.options(options));
  }

  interface(linkType: number, options: readonly NgOption[] = [], snapLength = 0): Uint8Array {
    return this.block(1, this.numbers(16, linkType, 0), this.numbers(32, snapLength), this.options(options));
  }

  /** An Enhanced Packet Block. */
  packet({ data, interface: from = 0, ticks = 0n, length = data.length, captured = data.length, flags }: NgPacket): Uint8Array {
    const time = [Number(ticks >> 32n), Number(ticks & 0xffff_ffffn)];
    return this.block(6, this.numbers(32, from, ...time, captured, length), pad(data), this.flags(flags));
  }

  /** A Packet Block, as they were before. */
  oldPacket({ data, interface: from = 0, ticks = 0n, length = data.length, flags }: NgPacket): Uint8Array {
    const time = [Number(ticks >> 32n), Number(ticks & 0xffff_ffffn)];
    return this.block(2, this.numbers(16, from, 0xffff), this.numbers(32, ...time, data.length, length), pad(data), this.flags(flags));
  }

  simplePacket(data: Uint8Array, length = data.length): Uint8Array {
    return this.block(3, this.numbers(32, length), data);
  }

  private flags(flags: number | undefined): Uint8Array {
    if (flags === undefined) return new Uint8Array(0);
    return this.options([
      [1, Buffer.from("a comment")],
      [2, this.numbers(32, flags)],
    ]);
  }
}

/** Octets one after another. */
export function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function pad(octets: Uint8Array): Uint8Array {
  return join(octets, new Uint8Array(-octets.length & 3));
}
