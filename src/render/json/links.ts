import { formatAddress, formatMac } from "../../model/address.ts";
import type { Device, DeviceAddress, FdbEntry, Neighbour } from "../../model/host.ts";

function addressObject({ address, broadcast, peer, ...rest }: DeviceAddress) {
  return {
    address: formatAddress(address),
    ...rest,
    broadcast: broadcast === undefined ? undefined : formatAddress(broadcast),
    peer: peer === undefined ? undefined : formatAddress(peer),
  };
}

function mac(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatMac(value);
}

/** A device as the object of `parse --format json`: what the text of `ip` and its JSON both say, so that either gives the same. */
export function deviceObject({ linkNetns, linkNetnsId, ...device }: Device): unknown {
  // One of them has the other namespace's name, the other one its number.
  const elsewhere = linkNetns !== undefined || linkNetnsId !== undefined || undefined;
  return { ...device, mac: mac(device.mac), addresses: device.addresses.map(addressObject), linkInOtherNetns: elsewhere };
}

/** A neighbour as the object of `parse --format json`. */
export function neighbourObject(neighbour: Neighbour): unknown {
  return { ...neighbour, address: formatAddress(neighbour.address), mac: mac(neighbour.mac) };
}

/** An entry of a bridge's forwarding database as the object of `parse --format json`. */
export function fdbObject(entry: FdbEntry): unknown {
  return { ...entry, mac: formatMac(entry.mac) };
}
