import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { InputError } from '../input/index.js'
import { builtInSubject, defineSubject, type Subject } from '../subject/index.js'
import { importModule } from './import.js'
import { looksLikeScenario, looksLikeSubject } from './looks-like.js'
import type { Project } from './project.js'
import { slashTodo } from './slash.js'

/** A subject, and the file it comes from. */
export interface LoadedSubject {
  readonly subject: Subject
  /** Absolute; absent for the built-in one. */
  readonly file?: string
}

/**
 * The subjects to look at: those of `files`, or those of the configuration, or the built-in one.
 * @throws InputError for files that do not load or whose default export is no subject
 */
export async function loadSubjects(
  project: Project,
  directory: string,
  files: readonly string[],
): Promise<readonly LoadedSubject[]> {
  const paths = subjectFiles(project, directory, files)
  if (paths.length === 0) return [{ subject: builtInSubject }]
  const loaded: LoadedSubject[] = []
  for (const file of paths) loaded.push({ subject: await loadSubject(file), file })
  return loaded
}

/** Of which files the subjects are: absolute. None means the built-in one. */
export function subjectFiles(project: Project, directory: string, files: readonly string[]): readonly string[] {
  return files.length > 0 ? files.map((file) => resolve(directory, file)) : project.subjectFiles
}

/**
 * The folder of the snapshot of a subject: one of its own, so that what one core does is never compared with what another does.
 * @throws InputError for a name that gives no folder, or when another subject of the configuration has the same one
 */
export async function subjectSnapshotFolder(
  project: Project,
  { subject: { name }, file }: LoadedSubject,
): Promise<string> {
  const { configFile, subjectFiles } = project
  const slug = slugOf(name)
  if (slug === '') {
    throw new InputError({
      what: 'the name of a subject cannot be that of a folder, in which its snapshot would be',
      ...(file === undefined ? {} : { file }),
      found: name,
      expected: 'a name with letters or digits',
    })
  }
  for (const other of subjectFiles) {
    if (file !== undefined && isSameFile(other, file)) continue
    if ((await slugIn(other)) !== slug) continue
    throw new InputError({
      what: `two subjects would have one snapshot: that of "${slug}"`,
      ...(configFile === undefined ? {} : { file: configFile, at: 'subjects' }),
      found: `${file} and ${other}`,
      expected: 'names that differ in more than case and punctuation',
    })
  }
  return join(subjectSnapshots(project), slug)
}

/** The folder of the snapshots of all subjects. */
export const subjectSnapshots = ({ snapshotFolder }: Project): string => join(snapshotFolder, 'subjects')

function isSameFile(one: string, other: string): boolean {
  return one === other || (existsSync(one) && existsSync(other) && realpathSync(one) === realpathSync(other))
}

/** Undefined for a file that cannot be loaded: that is for its own check to say. */
async function slugIn(file: string): Promise<string | undefined> {
  try {
    return slugOf((await loadSubject(file)).name)
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
}

/** A subject's name as the name of a folder: letters and digits, with one hyphen for whatever is between. */
const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60)

export async function loadSubject(file: string): Promise<Subject> {
  if (!existsSync(file)) {
    const todo = slashTodo(file)
    throw new InputError({
      what: 'the subject does not exist',
      file,
      expected: 'a module whose default export is a subject: export default defineSubject({ … })',
      ...(todo === undefined ? {} : { todo }),
    })
  }
  const module = await importModule(file)
  refuseNoSubject(module, file)
  const subject = module['default'] as Subject | undefined
  if (typeof subject !== 'object' || subject === null) {
    throw new InputError({
      what: `${file} exports no subject`,
      file,
      found: `exports ${Object.keys(module).join(', ') || 'nothing'}`,
      expected: 'export default defineSubject({ … })',
    })
  }
  try {
    return defineSubject(subject)
  } catch (error) {
    throw new InputError({
      what: `${file} is not a subject`,
      file,
      found: error instanceof Error ? error.message : String(error),
      expected: 'export default defineSubject({ name, core, log, jobs, client })',
    })
  }
}

/** Refuses what is meant for another place, or was exported by name: what is wrong with a subject is not what is wrong there. */
function refuseNoSubject({ default: main, ...named }: Record<string, unknown>, file: string): void {
  const wrong = (found: string, todo: string) =>
    new InputError({
      what: `${file} exports no subject`,
      file,
      found,
      expected: 'export default defineSubject({ … })',
      todo,
    })
  if (main !== undefined && looksLikeSubject(main)) return
  // In CommonJS, what is exported by name is the default as well.
  const [name] = Object.entries(named).find(([, value]) => looksLikeSubject(value)) ?? []
  if (name !== undefined) throw wrong(`exports ${Object.keys(named).join(', ')}`, `export ${name} as default`)
  if ([main, ...(main === undefined ? Object.values(named) : [])].some(looksLikeScenario)) {
    throw wrong('a scenario', 'name it under `scenarios` of the configuration')
  }
}
