import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Devices } from "../../src/sets/devices.ts";

const names = fc.array(fc.constantFrom("e", "t", "0", "-", "."), { minLength: 1, maxLength: 5 }).map((letters) => letters.join(""));
const patterns = fc.oneof(
  names,
  names.map((name) => `${name}+`),
  fc.constant("+"),
);

/** ip_tables.c, ifname_compare: a trailing `+` stands for any rest. */
const matches = (name: string, pattern: string) => (pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : name === pattern);

describe("the order of device names", () => {
  it("has a name where a pattern's names are if the pattern matches it", () => {
    fc.assert(
      fc.property(fc.array(patterns, { minLength: 1, maxLength: 8 }), names, (all, name) => {
        const devices = new Devices(all);
        for (const pattern of all) {
          for (const one of ["", name, ...all.map((other) => other.replace("+", "")), ...all.map((other) => other.replace("+", "x"))]) {
            const [low, high] = devices.span(pattern);
            const place = devices.place(one);
            expect(place >= low && place <= high, `${one} ${pattern}`).toBe(matches(one, pattern));
          }
        }
      }),
    );
  });

  it("finds a name for every place that one can have, rules' own names first", () => {
    const devices = new Devices(["eth0", "eth+", "br-lan", "wg+"]);
    expect(devices.name(devices.span("eth0"))).toBe("eth0");
    expect(devices.name(devices.span("eth+"))).toBe("eth0");
    expect(devices.name(devices.span("wg+"))).toBe("wg");
    expect(devices.name(devices.none)).toBe("");
    for (let place = 1; place <= Number(devices.all[1]); place++) {
      const name = devices.name([place, place]);
      if (name !== undefined) expect(devices.place(name)).toBe(place);
    }
  });
});
