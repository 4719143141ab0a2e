import { parentPort, workerData } from 'node:worker_threads'
import { loadProject, loadSubject } from '../config/index.js'
import { type Chunk, type ExploreOptions, exploreChunk } from '../explore/index.js'
import { type Core, type OpenStore, openStore, runsOn, StoreError } from '../stores/index.js'
import { builtInSubject } from '../subject/index.js'
import type { FromWorker, ToWorker, WorkerSpec } from './pool.js'
import { putOn } from './store.js'

/** One worker thread of the pool: explores the chunks that it is sent. */
const spec = workerData as WorkerSpec
const port = parentPort
if (port === null) throw new Error('this file is a worker thread: it is not run by itself')

const send = (message: FromWorker) => port.postMessage(message)

const project = await loadProject(spec.directory, spec.configFile)
const scenarios = spec.scenarios.map((name) => {
  const scenario = project.explorable.find((other) => other.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario "${name}" in this worker`)
  return scenario
})
const failed = (error: unknown): void => {
  const cause = error instanceof Error && error.cause instanceof StoreError ? error.cause : error
  if (cause instanceof StoreError) send({ kind: 'store-failed', problem: cause.problem })
  else send({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}

let store: OpenStore | undefined
try {
  store = spec.store === undefined ? undefined : await openStore(spec.store.spec, { env: process.env, durable: false })
} catch (error) {
  failed(error)
}
const given = spec.subjectFile === undefined ? builtInSubject : await loadSubject(spec.subjectFile)
const lastSeen = new Int32Array(spec.lastSeen)
/** `core`, and a mark for as long as it is the store that is waited for. */
const marked = (core: Core): Core => ({
  async execute(command, nowMs) {
    Atomics.store(lastSeen, 3, 1)
    try {
      return await core.execute(command, nowMs)
    } finally {
      Atomics.store(lastSeen, 3, 0)
    }
  },
})
const runs = store === undefined || spec.store === undefined ? undefined : runsOn(store, spec.store.namespace)
const subject = runs === undefined ? given : putOn(given, (mint) => marked(runs(mint)))

const options: ExploreOptions = {
  ...spec.options,
  subject,
  watch: (command, atMs) => {
    lastSeen[0] = (lastSeen[0] as number) + 1
    lastSeen[1] = atMs
    lastSeen[2] = spec.commands.indexOf(command)
  },
}

const run = async (chunk: Chunk): Promise<void> => {
  try {
    send({ kind: 'done', result: await exploreChunk(scenarios, chunk, options) })
  } catch (error) {
    failed(error)
  }
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'ping') send({ kind: 'pong' })
  else if (message.kind === 'explore') void run(message.chunk)
  else void store?.close().finally(() => send({ kind: 'closed' }))
})
if (spec.store === undefined || store !== undefined) send({ kind: 'ready' })
