import { type LoadedSubject, type Project, subjectSnapshotFolder } from '../../config/index.js'
import { readSnapshot, snapshotFile } from '../../gate/index.js'
import { InputError } from '../../input/index.js'
import { oneLine } from '../../report/index.js'

/** Where the snapshot of what is measured is. */
export interface SnapshotPlace {
  readonly folder: string
  /** The name of the subject; absent for the built-in one. */
  readonly subject?: string
}

/** @throws InputError for a subject that cannot have one of its own */
export async function snapshotPlace(project: Project, loaded: LoadedSubject | undefined): Promise<SnapshotPlace> {
  if (loaded === undefined) return { folder: project.snapshotFolder }
  return { folder: await subjectSnapshotFolder(project, loaded), subject: oneLine(loaded.subject.name) }
}

/**
 * What is there.
 * @throws InputError for the snapshot of another subject, and when it cannot be read
 */
export function snapshotAt({ folder, subject }: SnapshotPlace): ReturnType<typeof readSnapshot> {
  const found = readSnapshot(folder)
  if (found.kind !== 'snapshot' || found.snapshot.subject === subject) return found
  throw new InputError({
    what: 'the snapshot is that of another subject',
    file: snapshotFile(folder),
    found: nameOf(found.snapshot.subject),
    expected: nameOf(subject),
    todo: 'give one of them another name; or, if it was renamed, remove the file',
  })
}

const nameOf = (subject: string | undefined): string =>
  subject === undefined ? 'the built-in subject' : `subject "${subject}"`
