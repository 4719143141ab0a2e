import { parentPort, workerData } from 'node:worker_threads'
import { isBuiltIn } from '../../../scenarios/index.js'
import { type Load, loads } from '../../config/index.js'
import { watchScenario } from '../../scenario/index.js'
import { subjectFunctions } from '../../subject/index.js'
import { main } from '../main.js'
import type { Io, Sink } from '../terminal/io.js'
import { NO_TIME } from './vigil.js'
import { type CommandThreadSpec, type FromCommandThread, INSIDE, type Inside } from './watched.js'

/** A whole command in a thread of its own: what it writes is sent to the first thread, which ends it when its subject hangs. */
const { argv, cwd, env, cores, streams, ...shared } = workerData as CommandThreadSpec
const port = parentPort
if (port === null) throw new Error('this file is a worker thread: it is not run by itself')

const send = (message: FromCommandThread) => port.postMessage(message)
const sink = (to: 'stdout' | 'stderr'): Sink => ({
  ...streams[to],
  write: (text) => send({ kind: 'wrote', to, text }),
  delivered: async () => true,
  lost: undefined,
})

const lastSeen = new Int32Array(shared.lastSeen)
const lastSeenAtMs = new Float64Array(shared.lastSeenAtMs)
/** It is in code number `what`, which was called at `atMs`. */
const moved = (inside: Inside, what: number, atMs: number): void => {
  lastSeen[1] = inside
  lastSeen[2] = what
  lastSeenAtMs[0] = atMs
  // Nobody else writes to it, and an atomic addition costs more than all the rest.
  lastSeen[0] = (lastSeen[0] as number) + 1
}

/** Where it is in code of scenarios, by number and time: it may be called from such code again, and calls the subject. */
const calls: number[] = []
const backInScenario = (): void => {
  const depth = calls.length
  if (depth === 0) moved(INSIDE.nothing, 0, NO_TIME)
  else moved(INSIDE.scenario, calls[depth - 2] as number, calls[depth - 1] as number)
}
/** By name, its number: the first thread is told of both. */
const places = new Map<string, number>()
const numberOf = (place: string): number => {
  const known = places.get(place)
  if (known !== undefined) return known
  send({ kind: 'place', place })
  places.set(place, places.size)
  return places.size - 1
}

/** Written by the first thread. */
const isInterrupted = (): boolean => Atomics.load(lastSeen, 3) === 1

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
        entered: (what, atMs) => moved(INSIDE.subject, subjectFunctions.indexOf(what), atMs ?? NO_TIME),
        left: backInScenario,
      },
    }
  },
  watchScenario(scenario) {
    if (isBuiltIn(scenario)) return
    const nodes: number[] = []
    const number = (place: string) => numberOf(`scenario "${scenario.name}", in ${place}`)
    watchScenario(scenario, {
      entered(where, atMs = NO_TIME) {
        if (typeof where === 'string') calls.push(number(where), atMs)
        else {
          nodes[where] ??= number(`node-${where}`)
          calls.push(nodes[where] as number, atMs)
        }
        backInScenario()
      },
      left() {
        calls.pop()
        calls.pop()
        backInScenario()
      },
    })
  },
  onInterrupt() {
    send({ kind: 'interruptible', is: true })
    return {
      get happened() {
        return isInterrupted()
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
port.on('message', () => send({ kind: 'pong' }))
port.unref()
process.once('beforeExit', () => send({ kind: 'forsaken' }))
void main(argv, io).then((code) => {
  process.removeAllListeners('beforeExit')
  send({ kind: 'ended', code })
})
