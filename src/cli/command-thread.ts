import { parentPort, workerData } from 'node:worker_threads'
import { type Load, loads } from '../config/index.js'
import { subjectFunctions } from '../subject/index.js'
import type { Io, Sink } from './io.js'
import { main } from './main.js'
import { NO_TIME } from './vigil.js'
import type { CommandThreadSpec, FromCommandThread } from './watched.js'

/** A whole command in a thread of its own: what it writes is sent to the first thread, which ends it when its subject hangs. */
const { argv, cwd, env, cores, streams, lastSeen: shared } = workerData as CommandThreadSpec
const port = parentPort
if (port === null) throw new Error('this file is a worker thread: it is not run by itself')

const send = (message: FromCommandThread) => port.postMessage(message)
const sink = (to: 'stdout' | 'stderr'): Sink => ({
  ...streams[to],
  write: (text) => send({ kind: 'wrote', to, text }),
  delivered: async () => true,
})

const lastSeen = new Int32Array(shared)
const moved = (inside: 0 | 1): void => {
  Atomics.store(lastSeen, 1, inside)
  Atomics.add(lastSeen, 0, 1)
}

/** Written by the first thread. */
const isInterrupted = (): boolean => Atomics.load(lastSeen, 4) === 1

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
          Atomics.store(lastSeen, 2, subjectFunctions.indexOf(what))
          Atomics.store(lastSeen, 3, atMs ?? NO_TIME)
          moved(1)
        },
        left: () => moved(0),
      },
    }
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
