import { type Address, formatAddress, formatMac, type Mac } from "../../model/address.ts";
import type { Spelling } from "./fields.ts";
import { Recent } from "./recent.ts";

/** Addresses that are kept as text. */
const MOST = 4096;

/** Writes addresses, and remembers how. */
export class Remembered implements Spelling {
  readonly #addresses = new Recent<Address, string>(MOST);
  readonly #macs = new Recent<Mac, string>(MOST);

  address(address: Address): string {
    return this.#addresses.get(address) ?? keep(this.#addresses, address, formatAddress(address));
  }

  mac(mac: Mac): string {
    return this.#macs.get(mac) ?? keep(this.#macs, mac, formatMac(mac));
  }
}

function keep<K>(texts: Recent<K, string>, key: K, text: string): string {
  texts.set(key, text);
  return text;
}
