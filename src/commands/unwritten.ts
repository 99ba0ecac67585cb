import { UsageFailure } from "./failure.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such folder",
  ENOTDIR: "there is no such folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  EISDIR: "this is a directory",
  ENOSPC: "no space left on the device",
  ENAMETOOLONG: "the name is too long",
};

/** Ends the command because a file cannot be written, and says why. */
export function unwritten(path: string, error: NodeJS.ErrnoException): never {
  throw new UsageFailure(`${path} cannot be written: ${REASONS[error.code ?? ""] ?? error.code ?? error.message}`);
}
