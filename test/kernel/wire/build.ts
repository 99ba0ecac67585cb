export * from "./build-ip.ts";
export * from "./build-transport.ts";
export { type At, join } from "./octets.ts";
