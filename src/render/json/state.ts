import { formatAddress } from "../../model/address.ts";
import type { ConntrackLine, IpSet, Tuple, VirtualService } from "../../model/host.ts";
import { savedProtocol } from "../../model/protocol-names.ts";

/** A set of `ipset save` as the object of `parse --format json`. */
export function setObject({ name, type, family, options, entries }: IpSet): unknown {
  return {
    name,
    type,
    family,
    options: Object.fromEntries(options),
    entries: entries.map((entry) => ({
      element: entry.element,
      options: entry.options.size > 0 ? Object.fromEntries(entry.options) : undefined,
    })),
  };
}

function tupleObject({ src, dst, protocol, ...rest }: Tuple) {
  return { protocol: savedProtocol(protocol), src: formatAddress(src), dst: formatAddress(dst), ...rest };
}

/** A connection of `conntrack -L` as the object of `parse --format json`. */
export function connectionObject({ original, reply, ...rest }: ConntrackLine): unknown {
  return { original: tupleObject(original), reply: tupleObject(reply), ...rest };
}

/** A virtual service of `ipvsadm-save` as the object of `parse --format json`. */
export function virtualServiceObject({ protocol, address, servers, ...rest }: VirtualService): unknown {
  return {
    protocol,
    address: address === undefined ? undefined : formatAddress(address),
    ...rest,
    servers: servers.map((server) => ({ ...server, address: formatAddress(server.address) })),
  };
}
