import { StoreError } from '../store-error.js'
import type { Call } from './connection.js'

type Settings = Readonly<Record<string, string>>

/** What an acknowledgement of this server survives, as far as the server tells. */
export async function promiseOf(call: Call): Promise<string> {
  try {
    const settings: Settings = {}
    for (const name of ['appendonly', 'appendfsync', 'save', 'maxmemory', 'maxmemory-policy']) {
      Object.assign(settings, pairOf(await call(['CONFIG', 'GET', name])))
    }
    return settings['appendonly'] === undefined ? UNKNOWN : inWords(settings)
  } catch (error) {
    // Where the server is somebody else's service, this is no right that is given away.
    if (error instanceof StoreError) return UNKNOWN
    throw error
  }
}

const UNKNOWN = 'what an acknowledged write survives is not known: the server does not show its settings'

function pairOf(reply: unknown): Settings {
  const [name, value] = Array.isArray(reply) ? reply : []
  return typeof name === 'string' && typeof value === 'string' ? { [name]: value } : {}
}

/** The sentence that these settings of a server amount to. */
export function inWords(settings: Settings): string {
  return `${onDisk(settings)}${inMemory(settings)}; no failover to a replica is waited for`
}

function onDisk({ appendonly, appendfsync, save }: Settings): string {
  if (appendonly !== 'yes') {
    return save === ''
      ? 'nothing that is acknowledged survives the end of the server: it keeps no file'
      : 'what was acknowledged since the last snapshot is lost when the server dies: it keeps no append-only file'
  }
  switch (appendfsync) {
    case 'always':
      return 'what is acknowledged survives the death of the server and of its machine'
    case 'everysec':
      return 'what was acknowledged in the last two seconds may be lost when the server or its machine dies'
    default:
      return 'what is acknowledged survives the death of the server, but half a minute of it may be lost with its machine'
  }
}

function inMemory({ maxmemory = '0', 'maxmemory-policy': policy = '' }: Settings): string {
  return maxmemory !== '0' && policy.startsWith('allkeys-')
    ? `; the server forgets whole spaces when its memory is full (maxmemory-policy ${policy})`
    : ''
}
