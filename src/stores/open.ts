import { tmpdir } from 'node:os'
import { checkOptions, nearest } from '../input/index.js'
import { mayHoldPassword, nameOf } from '../input/secret.js'
import { isThere } from './processes/folders.js'
import type { OpenOptions, OpenStore } from './store.js'
import { StoreError } from './store-error.js'

const storeKinds = ['memory', 'sqlite', 'git', 'postgres', 'redis'] as const

const ALL_KINDS = `${storeKinds.join(', ')}; all but memory with =URL if it is not the usual place`

/** Opens a store outside memory. `url` says where; what stands in for it when absent is the kind's own affair. */
type Open = (url: string | undefined, options: OpenOptions) => Promise<OpenStore>

/** Each adapter is loaded when it is asked for, and its driver with it. */
const adapters: Readonly<Record<string, () => Promise<Open>>> = {
  git: async () => (await import('./git/git.js')).openGit,
  sqlite: async () => (await import('./sqlite/sqlite.js')).openSqlite,
  redis: async () => (await import('./redis/redis.js')).openRedis,
  postgres: async () => (await import('./postgres/postgres.js')).openPostgres,
}

/** The kind of store that a URL names by itself. */
const kindOfScheme = { postgres: 'postgres', postgresql: 'postgres', redis: 'redis', rediss: 'redis' } as const

/**
 * Opens the store that `spec` names: `sqlite`, `sqlite=state.db`, `postgres=postgres://…`, or `postgres://…` alone. Undefined
 * for `memory`, which is no store but a Map.
 * @throws TypeError for an option that there is not
 * @throws StoreError when there is no such kind, its driver is not installed, or it cannot be used
 */
export async function openStore(spec: string, options: OpenOptions = {}): Promise<OpenStore | undefined> {
  checkOptions<OpenOptions>('openStore', options, { env: true, cwd: true, durable: true })
  const { kind, url } = read(spec)
  if (kind === 'memory' && url === undefined) return undefined
  if (!Object.hasOwn(adapters, kind) || url === '') {
    const near = Object.hasOwn(adapters, kind) ? [] : nearest(kind, storeKinds)
    throw new StoreError({
      what: `there is no store "${nameOf(spec)}"`,
      store: nameOf(kind),
      expected: near.length > 0 ? `${near.join(' or ')}?` : `one of ${ALL_KINDS}`,
    })
  }
  if ((kind === 'sqlite' || kind === 'git') && url !== undefined && isNoPath(url)) {
    throw new StoreError({
      what: `a store of ${kind} is on this machine: it has no URL, and no password`,
      store: nameOf(spec),
      expected: kind === 'git' ? 'the folder of a repository' : 'a file',
      todo: 'name it by a path that looks like neither, as ./name, and from its folder if need be',
    })
  }
  const open = await (adapters[kind] as () => Promise<Open>)()
  try {
    return withNames(await open(url, { durable: true, ...options }))
  } catch (error) {
    throw inFolder(error, kind)
  }
}

function read(spec: string): { readonly kind: string; readonly url: string | undefined } {
  const scheme = /^(\w+):\/\//.exec(spec)?.[1] ?? ''
  if (Object.hasOwn(kindOfScheme, scheme)) return { kind: kindOfScheme[scheme as keyof typeof kindOfScheme], url: spec }
  const [kind = '', ...rest] = spec.split('=')
  return { kind, url: rest.length === 0 ? undefined : rest.join('=') }
}

/** What the file system says of the folder for temporary files, in which stores are made that go with the process. */
function inFolder(error: unknown, kind: string): unknown {
  const { syscall, path, message } = error as NodeJS.ErrnoException
  if (syscall === undefined || path === undefined || !path.startsWith(tmpdir())) return error
  return new StoreError(
    {
      what: 'a store cannot be made in the folder for temporary files',
      store: kind,
      found: message,
      expected: 'a folder that exists, with room in it, which this user may write',
      todo: 'name another: TMPDIR=<folder>',
    },
    { cause: error },
  )
}

/**
 * A path is shown in whatever is said of its store: so what may hold a password is taken for none. Nor is what has a colon
 * before its first slash, as git has it: `git@host:x`, `file:x.db`. `:memory:` and the drives of Windows are. What is there
 * is a path, whatever it looks like: the `spec` of a store has the names of all folders down to it, which nobody typed.
 */
const isNoPath = (text: string): boolean => (mayHoldPassword(text) || /^[^/\\:]{2,}:/.test(text)) && !isThere(text)

const NAMESPACE = /^[A-Za-z0-9-]+$/

/** `open`, for names of namespaces that are such: in any other a store might see a pattern, or a part of a path. */
export function withNames(open: OpenStore): OpenStore {
  const checked = (name: string): string => {
    if (NAMESPACE.test(name)) return name
    throw new RangeError(`${JSON.stringify(name)} is no name of a namespace: expected letters, digits and -`)
  }
  return {
    ...open,
    namespace: (name) => open.namespace(checked(name)),
    remove: async (name) => open.remove(checked(name)),
  }
}
