import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { temporaryFolder } from '../processes/temporary-folder.js'
import { StoreError } from '../store-error.js'
import { type GitPlace, runGit } from './process.js'
import { type Sharing, sharingOf } from './sharing.js'

export interface Repository {
  readonly place: GitPlace
  /** The folder that holds refs and objects: of all work trees together, if there are several. */
  readonly folder: string
  /** What names objects. */
  readonly hash: 'sha1' | 'sha256'
  /** With whom else; undefined when the umask alone says that. */
  readonly sharing: Sharing | undefined
  /** Whether a swap is on the disk before it counts. */
  readonly synced: boolean
}

/** How long an object's name is, as text. */
export const hexLength = (hash: Repository['hash']): number => (hash === 'sha1' ? 40 : 64)

/** The first 2.x that takes one transaction after another in one `update-ref --stdin`. */
const OLDEST_MINOR = 30
/** The first 2.x that syncs refs, if it is told to. */
const SYNCING_MINOR = 36

/**
 * The repository at `path`, bare or with a work tree: refs and objects are all that is touched of it.
 * @throws StoreError when there is no git, or no repository
 */
export async function findRepository(path: string, durable: boolean): Promise<Repository> {
  const there: GitPlace = { name: path, args: ['-C', path] }
  const minor = await requireGit(path)
  const asked = ['--show-object-format', '--git-common-dir', '--is-inside-git-dir', '--git-dir', '--show-prefix']
  const answers = await runGit(there, ['rev-parse', ...asked], 'there is no repository')
  const [hash = '', folder = '', inside, own, prefix = ''] = answers.split('\n')
  // Of where it stands among its own files git says no more than that it does, and from `refs` it finds all as well.
  const within = inside === 'true' && own !== '.' ? path : prefix
  if (within !== '') {
    throw new StoreError({
      what: 'the folder is no repository, but lies within one',
      store: `git ${path}`,
      found: `${within} of another`,
      expected: 'the top folder of a repository: nobody is to find commits in one that was not named',
      todo: 'name that one, or make one of its own: git init',
    })
  }
  if (hash !== 'sha1' && hash !== 'sha256') {
    throw new StoreError({
      what: 'the repository names its objects in a way that contention does not know',
      store: `git ${path}`,
      found: hash,
      expected: 'sha1 or sha256',
      todo: 'use another repository',
    })
  }
  const asking = ['config', '--default', 'umask', '--get', 'core.sharedRepository']
  const shared = (await runGit(there, asking, 'the configuration cannot be read')).trim()
  return { ...at(resolve(path, folder), hash, durable && minor >= SYNCING_MINOR), sharing: sharingOf(shared) }
}

/** A bare repository in a folder of its own. Nothing of it outlives us, and nothing need be synced. */
export async function makeRepository(): Promise<Repository & { remove(): void }> {
  await requireGit('in a folder of its own')
  const folder = temporaryFolder('git')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const init = ['init', '--quiet', '--bare', '--template=', '--object-format=sha1', folder]
    await runGit({ name: folder, args: [] }, init, 'a repository cannot be made')
    return { ...at(folder, 'sha1', false), remove }
  } catch (error) {
    remove()
    throw error
  }
}

const at = (folder: string, hash: Repository['hash'], synced: boolean): Repository => ({
  place: { name: folder, args: [...(synced ? ['-c', 'core.fsync=reference'] : []), `--git-dir=${folder}`] },
  folder,
  hash,
  sharing: undefined,
  synced,
})

/** Which 2.x it is. */
async function requireGit(name: string): Promise<number> {
  const answer = await runGit({ name, args: [] }, ['version'], 'git does not say its version')
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(answer) ?? []).map(Number)
  if (major > 2) return Number.POSITIVE_INFINITY
  if (major === 2 && minor >= OLDEST_MINOR) return minor
  throw new StoreError({
    what: 'git is too old',
    store: `git ${name}`,
    found: answer.trim(),
    expected: `git 2.${OLDEST_MINOR} or later`,
    todo: 'install a newer git',
  })
}
