import { type Address, formatAddress } from "./address.ts";
import { DRAWN_PORT } from "./trace.ts";

/** "10.0.0.1:80", "[2001:db8::1]:80", or the address alone where there is no port; one below 0 was drawn and is not known. */
export function formatEndpoint(address: Address, port: number | undefined): string {
  const text = formatAddress(address);
  if (port === undefined) return text;
  const shown = port < 0 ? DRAWN_PORT : port;
  return typeof address === "bigint" ? `[${text}]:${shown}` : `${text}:${shown}`;
}

/** "192.0.2.10:8080" and "[2001:db8::1]:80" in their two halves; the port is absent where there is none. */
export function splitEndpoint(text: string): { readonly host: string; readonly port?: number } {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+|\(any port\))$/.exec(text);
  if (!match) return { host: text };
  const host = match[1] ?? match[2] ?? text;
  return match[3] === DRAWN_PORT ? { host } : { host, port: Number(match[3]) };
}
