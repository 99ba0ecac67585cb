import { formatAddress, formatPrefix } from "../../model/address.ts";
import type { PolicyRule, Route } from "../../model/host.ts";
import { savedProtocol } from "../../model/protocol-names.ts";

/** A route as the object of `parse --format json`. */
export function routeObject({ text: _, line: __, destination, source, nexthops, ...rest }: Route): unknown {
  return {
    destination: formatPrefix(destination),
    ...rest,
    source: source === undefined ? undefined : formatAddress(source),
    nexthops: nexthops.map(({ via, ...hop }) => ({ via: via === undefined ? undefined : formatAddress(via), ...hop })),
  };
}

/** A line of `ip rule` as the object of `parse --format json`. */
export function policyRuleObject({ text: _, line: __, from, to, protocol, ...rest }: PolicyRule): unknown {
  return {
    ...rest,
    from: from && formatPrefix(from),
    to: to && formatPrefix(to),
    protocol: protocol === undefined ? undefined : savedProtocol(protocol),
  };
}
