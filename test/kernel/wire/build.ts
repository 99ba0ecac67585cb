export { ETHER, type Extension, ethernet, fragments, type Ipv4Fields, type Ipv6Fields, ipv4, ipv6 } from "./build-ip.ts";
export * from "./build-transport.ts";
export * from "./fragments6.ts";
export { join } from "./octets.ts";
