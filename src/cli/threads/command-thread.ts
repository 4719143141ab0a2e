import { parentPort, workerData } from 'node:worker_threads'
import { isBuiltIn } from '../../../scenarios/index.js'
import { type Load, loads } from '../../config/index.js'
import { watchScenario } from '../../scenario/index.js'
import { main } from '../main.js'
import type { Io, Sink } from '../terminal/io.js'
import type { CommandThreadSpec, FromCommandThread } from './watched.js'
import { PONG } from './watched-thread.js'
import { OwnWhereabouts, type Shares } from './whereabouts.js'

/** A whole command in a thread of its own: what it writes is sent to the first thread, which ends it when its subject hangs. */
const { argv, cwd, env, cores, streams, memory } = workerData as Shares<CommandThreadSpec>
const port = parentPort
if (port === null) throw new Error('this file is a worker thread: it is not run by itself')

const send = (message: FromCommandThread) => port.postMessage(message)
const sink = (to: 'stdout' | 'stderr'): Sink => ({
  ...streams[to],
  write: (text) => send({ kind: 'wrote', to, text }),
  delivered: async () => true,
  lost: undefined,
})

const whereabouts = new OwnWhereabouts(memory)
/** By name, its number: the first thread is told of both. */
const places = new Map<string, number>()
const numberOf = (place: string): number => {
  const known = places.get(place)
  if (known !== undefined) return known
  send({ kind: 'place', place })
  places.set(place, places.size)
  return places.size - 1
}

const io: Io = {
  cwd,
  env,
  cores,
  stdout: sink('stdout'),
  stderr: sink('stderr'),
  watch(subject, where) {
    send({ kind: 'watching', subject: subject.name, where })
    return {
      ...subject,
      watch: {
        entered(what, atMs) {
          whereabouts.enterSubject(what, atMs)
          // A scenario that asks its client for ever does not get on.
          if (!whereabouts.isInScenario) whereabouts.moved()
        },
        left() {
          whereabouts.leaveSubject()
          if (!whereabouts.isInScenario) whereabouts.moved()
        },
      },
    }
  },
  watchScenario(scenario) {
    if (isBuiltIn(scenario)) return
    const nodes: number[] = []
    const number = (place: string) => numberOf(`scenario "${scenario.name}", in ${place}`)
    watchScenario(scenario, {
      entered(where, atMs) {
        if (typeof where === 'string') whereabouts.enterScenario(number(where), atMs)
        else {
          nodes[where] ??= number(`node-${where}`)
          whereabouts.enterScenario(nodes[where] as number, atMs)
        }
        whereabouts.moved()
      },
      left() {
        whereabouts.leaveScenario()
        whereabouts.moved()
      },
    })
  },
  onInterrupt() {
    send({ kind: 'interruptible', is: true })
    return {
      get happened() {
        return whereabouts.isToEnd
      },
      dispose: () => send({ kind: 'interruptible', is: false }),
    }
  },
}

/**
 * What the subject prints by itself goes to standard error: standard output is for what was asked for. The thread's own streams
 * are slow, and lose what they have when the thread is ended.
 */
for (const name of ['stdout', 'stderr'] as const) {
  const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    const [encoding, done] = typeof rest[0] === 'function' ? [undefined, rest[0]] : rest
    const bytes =
      typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding | undefined) : Buffer.from(chunk)
    send({ kind: 'wrote', to: 'stderr', text: bytes.toString() })
    if (typeof done === 'function') done()
    return true
  }
  process[name].write = write
}

loads.subscribe((load) => send({ kind: 'loading', load: load as Load }))
port.on('message', () => send(PONG))
port.unref()
process.once('beforeExit', () => send({ kind: 'forsaken' }))
void main(argv, io).then((code) => {
  process.removeAllListeners('beforeExit')
  send({ kind: 'ended', code })
})
