import type { Case } from "./case.ts";
import { CUT_CASES } from "./cut.ts";
import { ERROR_CASES } from "./errors.ts";
import { HEADER_CASES } from "./headers.ts";
import { HELPER_CASES } from "./helper.ts";
import { IPV6_CASES } from "./six.ts";
import { TRANSLATED_CASES } from "./translated.ts";

/** All cases in which the router sends on what it got. */
export const CASES: readonly Case[] = [...TRANSLATED_CASES, ...ERROR_CASES, ...HEADER_CASES, ...CUT_CASES, ...HELPER_CASES, ...IPV6_CASES];
