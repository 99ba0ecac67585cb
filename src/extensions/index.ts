// Written by bin/generate-extensions.js: do not edit.
import type { MatchSpec, TargetSpec } from "./spec.ts";

/** Every match, one file each in matches/. */
export const MATCHES: readonly MatchSpec[] = [];

/** Every target, one file each in targets/. */
export const TARGETS: readonly TargetSpec[] = [];
