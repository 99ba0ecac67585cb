// Written by bin/generate-lint.js: do not edit.
import type { LintRule } from "./lint-rule.ts";
import { rule as NT001 } from "./rules/NT001-refused-line.ts";
import { rule as NT002 } from "./rules/NT002-missing-chain.ts";
import { rule as NT003 } from "./rules/NT003-chain-loop.ts";
import { rule as NT004 } from "./rules/NT004-missing-protocol.ts";
import { rule as NT005 } from "./rules/NT005-missing-commit.ts";
import { rule as NT006 } from "./rules/NT006-user-chain-policy.ts";
import { rule as NT007 } from "./rules/NT007-missing-built-in-chain.ts";
import { rule as NT008 } from "./rules/NT008-unused-chain.ts";
import { rule as NT009 } from "./rules/NT009-empty-chain.ts";
import { rule as NT010 } from "./rules/NT010-duplicate-rule.ts";
import { rule as NT011 } from "./rules/NT011-wrong-place.ts";
import { rule as NT012 } from "./rules/NT012-unreachable-rule.ts";
import { rule as NT013 } from "./rules/NT013-chain-declared-twice.ts";
import { rule as NT014 } from "./rules/NT014-table-twice.ts";
import { rule as NT019 } from "./rules/NT019-suppression.ts";
import { rule as NT020 } from "./rules/NT020-never-matches.ts";
import { rule as NT021 } from "./rules/NT021-shadowed-rule.ts";
import { rule as NT022 } from "./rules/NT022-redundant-rule.ts";
import { rule as NT023 } from "./rules/NT023-exception.ts";
import { rule as NT024 } from "./rules/NT024-crossing-rules.ts";
import { rule as NT025 } from "./rules/NT025-never-hit.ts";
import { rule as NT030 } from "./rules/NT030-open-policy.ts";
import { rule as NT031 } from "./rules/NT031-open-management-port.ts";
import { rule as NT032 } from "./rules/NT032-open-ipv6.ts";
import { rule as NT033 } from "./rules/NT033-published-port.ts";
import { rule as NT034 } from "./rules/NT034-closed-loopback.ts";
import { rule as NT035 } from "./rules/NT035-answers-dropped.ts";
import { rule as NT036 } from "./rules/NT036-invalid-accepted.ts";
import { rule as NT037 } from "./rules/NT037-trusted-source.ts";
import { rule as NT038 } from "./rules/NT038-neighbours-dropped.ts";
import { rule as NT039 } from "./rules/NT039-wide-masquerade.ts";
import { rule as NT040 } from "./rules/NT040-path-mtu-dropped.ts";
import { rule as NT050 } from "./rules/NT050-late-established.ts";
import { rule as NT051 } from "./rules/NT051-address-run.ts";
import { rule as NT052 } from "./rules/NT052-port-run.ts";
import { rule as NT053 } from "./rules/NT053-unlimited-log.ts";
import { rule as NT054 } from "./rules/NT054-early-string.ts";
import { rule as NT060 } from "./rules/NT060-missing-interface.ts";
import { rule as NT061 } from "./rules/NT061-missing-set.ts";
import { rule as NT062 } from "./rules/NT062-forwarding-off.ts";
import { rule as NT063 } from "./rules/NT063-dead-translation.ts";
import { rule as NT064 } from "./rules/NT064-no-way-back.ts";
import { rule as NT065 } from "./rules/NT065-strict-rp-filter.ts";
import { rule as NT066 } from "./rules/NT066-bridge-nf-call.ts";
import { rule as NT067 } from "./rules/NT067-two-backends.ts";
import { rule as NT068 } from "./rules/NT068-link-down.ts";
import { rule as NT069 } from "./rules/NT069-duplicate-address.ts";
import { rule as NT070 } from "./rules/NT070-port-mtu.ts";
import { rule as NT071 } from "./rules/NT071-conntrack-full.ts";
import { rule as NT072 } from "./rules/NT072-missing-helper.ts";

/** Every lint rule, one file each in rules/, by id. */
export const RULES: readonly LintRule[] = [
  NT001,
  NT002,
  NT003,
  NT004,
  NT005,
  NT006,
  NT007,
  NT008,
  NT009,
  NT010,
  NT011,
  NT012,
  NT013,
  NT014,
  NT019,
  NT020,
  NT021,
  NT022,
  NT023,
  NT024,
  NT025,
  NT030,
  NT031,
  NT032,
  NT033,
  NT034,
  NT035,
  NT036,
  NT037,
  NT038,
  NT039,
  NT040,
  NT050,
  NT051,
  NT052,
  NT053,
  NT054,
  NT060,
  NT061,
  NT062,
  NT063,
  NT064,
  NT065,
  NT066,
  NT067,
  NT068,
  NT069,
  NT070,
  NT071,
  NT072,
];
