import type { readSnapshot } from '../gate/index.js'

/** What is in the place of a snapshot, when it is none that can be compared with. */
export type NoSnapshot = Exclude<ReturnType<typeof readSnapshot>, { readonly kind: 'snapshot' }>

/** Why there is nothing to compare with, in one sentence. */
export function noSnapshotText(found: NoSnapshot, file: string): string {
  switch (found.kind) {
    case 'missing':
      return `there is no snapshot: ${file} is missing`
    case 'old':
      return `the snapshot is obsolete: ${file} has format v${found.version}`
    case 'newer':
      return `the snapshot was made by a newer contention: ${file} has format v${found.version}`
    case 'damaged':
      return `the snapshot is damaged: ${file}, line ${found.line}: found ${found.found}, expected ${found.expected}`
  }
}

/** What to do about it. @param accept the command that makes it */
export function noSnapshotTodo({ kind }: NoSnapshot, accept: string): string {
  const make = `make it with \`${accept}\`, look at it, and commit it`
  return kind === 'newer' ? `upgrade contention; or ${make}` : make
}
