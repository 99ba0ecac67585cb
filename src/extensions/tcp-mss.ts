import type { Tcp } from "../model/packet.ts";

const MSS_OPTION = 2;

/** The maximum segment size that a TCP header announces (RFC 9293 section 3.7.1); undefined without the option. */
export function mssOf(tcp: Tcp): number | undefined {
  const data = tcp.options.find((option) => option.kind === MSS_OPTION && option.data.length === 2)?.data;
  return data && (data[0] ?? 0) * 256 + (data[1] ?? 0);
}
