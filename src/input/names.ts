/** Lower case words joined by hyphens: what scenarios and invariants are called, in commands, files and snapshots. */
export const HYPHENATED_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
