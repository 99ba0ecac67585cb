export { ETHER, ethernet, fragments, type Ipv4Fields, type Ipv6Fields, ipv4, ipv6 } from "./build-ip.ts";
export * from "./build-transport.ts";
export { join } from "./octets.ts";
