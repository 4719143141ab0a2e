import type { readSnapshot } from '../../gate/index.js'
import { shellWord } from '../../report/index.js'

/** What is in the place of a snapshot, when it is none that can be compared with. */
export type NoSnapshot = Exclude<ReturnType<typeof readSnapshot>, { readonly kind: 'snapshot' }>

/** Why there is nothing to compare with, in one sentence. @param subject the name of one that was named */
export function noSnapshotText(found: NoSnapshot, file: string, subject?: string): string {
  switch (found.kind) {
    case 'missing':
      return `there is no snapshot${subject === undefined ? '' : ` of subject "${subject}"`}: ${file} is missing`
    case 'old':
      return `the snapshot is obsolete: ${file} has format v${found.version}`
    case 'newer':
      return `the snapshot was made by a newer contention: ${file} has format v${found.version}`
    case 'damaged':
      return `the snapshot is damaged: ${file}, line ${found.line}: found ${found.found}, expected ${found.expected}`
  }
}

/**
 * What to do about it. What was accepted once is in the repository, and not whatever happens to be so now.
 * @param accept the command that makes it; null where that would refuse
 */
export function noSnapshotTodo({ kind }: NoSnapshot, file: string, accept: string | null): string {
  if (kind === 'damaged') {
    const lost = accept === null ? '' : `; only if it is lost, make it anew with \`${accept}\`, and look at it`
    return `restore it from version control: \`git checkout HEAD -- ${shellWord(file)}\`, and check again${lost}`
  }
  if (accept === null) return kind === 'newer' ? 'upgrade contention' : 'make it once all holds'
  const make = `make it with \`${accept}\`, look at it, and commit it`
  return kind === 'newer' ? `upgrade contention; or ${make}` : make
}
