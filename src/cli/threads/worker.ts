import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { isBuiltIn } from '../../../scenarios/index.js'
import { loadProject, loadSubject } from '../../config/index.js'
import { type ExploreOptions, exploreChunk, runAgain, tell } from '../../explore/index.js'
import { type Scenario, watchScenario } from '../../scenario/index.js'
import { type Core, type OpenStore, openStore, runsOn, StoreError } from '../../stores/index.js'
import { builtInSubject, commandsOf, type Subject, SubjectFault, subjectFunctions } from '../../subject/index.js'
import { putOn } from '../options/store.js'
import { inputProblemOf } from '../terminal/explain.js'
import type { FromWorker, ToWorker, Work, WorkerSpec, WorkResult } from './pool.js'
import { NO_TIME } from './vigil.js'

/** One worker thread of the pool: explores the chunks that it is sent. */
const spec = workerData as WorkerSpec
const port = parentPort
if (port === null) throw new Error('this file is a worker thread: it is not run by itself')

// Standard output is for what was asked for: what a subject prints by itself goes beside it.
process.stdout.write = process.stderr.write.bind(process.stderr)

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
  else if (cause instanceof SubjectFault) {
    const { fault, command, message } = cause
    send({ kind: 'subject-failed', fault, command, message })
  } else {
    const problem = inputProblemOf(error)
    if (problem !== undefined) send({ kind: 'input-failed', problem })
    else send({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

let store: OpenStore | undefined
try {
  store = spec.store === undefined ? undefined : await openStore(spec.store.spec, { env: process.env, durable: false })
} catch (error) {
  failed(error)
}
const given = spec.subjectFile === undefined ? builtInSubject : await loadSubject(spec.subjectFile)
const lastSeen = new Int32Array(spec.lastSeen)
/** How deep it is in code of a scenario of the user's own, which may call the subject. */
let depth = 0
const markScenario = (inside: boolean): void => void Atomics.store(lastSeen, 5, inside ? 1 : 0)
for (const scenario of scenarios) {
  if (isBuiltIn(scenario)) continue
  watchScenario(scenario, {
    entered: () => {
      depth += 1
      // It moves: that counts as a command does.
      lastSeen[0] = (lastSeen[0] as number) + 1
      markScenario(true)
    },
    left: () => {
      depth -= 1
      markScenario(depth > 0)
    },
  })
}
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
const see = (what: string, atMs: number): void => {
  lastSeen[1] = atMs
  lastSeen[2] = subjectFunctions.indexOf(what)
}
const subject: Subject = {
  ...(runs === undefined ? given : putOn(given, (mint) => marked(runs(mint)))),
  // Of commands, those of built-in parts count as well: they show that the thread moves.
  watch: {
    entered: (what, atMs) => {
      markScenario(false)
      if (atMs === undefined) see(what, NO_TIME)
    },
    left: () => markScenario(depth > 0),
  },
}

const options: ExploreOptions = {
  ...spec.options,
  subject,
  goOn: () => Atomics.load(lastSeen, 4) === 0,
  onFailure: (failure) => send({ kind: 'found', failure }),
  watch: (command, atMs) => {
    lastSeen[0] = (lastSeen[0] as number) + 1
    see(command, atMs)
  },
}

/** What is under way is told as it was found. */
let stopped = false
const goOn = async (): Promise<boolean> => {
  // Runs in memory never give a message its turn.
  await setImmediate()
  return !stopped
}

const run = async (work: Work): Promise<void> => {
  try {
    send({ kind: 'done', result: await resultOf(work) })
  } catch (error) {
    failed(error)
  }
}

async function resultOf(work: Work): Promise<WorkResult> {
  if (work.kind === 'assemble') return [...commandsOf(subject)]
  if (work.kind === 'explore') {
    return exploreChunk(
      scenarios.filter(({ name }) => work.scenarios.includes(name)),
      work.chunk,
      options,
    )
  }
  const failure = work.kind === 'tell' ? work.found : work.failure
  const scenario = scenarios.find(({ name }) => name === failure.scenario) as Scenario
  if (work.kind === 'again') return runAgain(scenario, failure.plan, options)
  return tell(scenario, work.found, options, work.shrink ? goOn : () => Promise.resolve(false))
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'assemble':
    case 'explore':
    case 'tell':
    case 'again':
      void run(message)
      return
    case 'stop-shrinking':
      stopped = true
      return
    case 'ping':
      send({ kind: 'pong' })
      return
    case 'close':
      void store?.close().finally(() => send({ kind: 'closed' }))
  }
})
if (spec.store === undefined || store !== undefined) send({ kind: 'ready' })
