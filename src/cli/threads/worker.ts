import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { isBuiltIn } from '../../../scenarios/index.js'
import { loadProject, loadSubject } from '../../config/index.js'
import { type ExploreOptions, exploreChunk, runAgain, tell } from '../../explore/index.js'
import { type Scenario, watchScenario } from '../../scenario/index.js'
import { type Core, type OpenStore, openStore, runsOn, StoreError } from '../../stores/index.js'
import { assemble, builtInSubject, type Subject, SubjectFault } from '../../subject/index.js'
import { putOn } from '../options/store.js'
import { inputProblemOf } from '../terminal/explain.js'
import { PONG } from './watched-thread.js'
import { OwnWhereabouts, type Shares } from './whereabouts.js'
import type { FromWorker, ToWorker, Work, WorkerSpec, WorkResult } from './work.js'

/** One worker thread of the pool: explores the chunks that it is sent. */
const spec = workerData as Shares<WorkerSpec>
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
const whereabouts = new OwnWhereabouts(spec.memory)
for (const scenario of scenarios) {
  if (isBuiltIn(scenario)) continue
  watchScenario(scenario, {
    entered: () => {
      // That counts as a command does.
      whereabouts.moved()
      whereabouts.enterScenario()
    },
    left: () => whereabouts.leaveScenario(),
  })
}
/** `core`, and a mark for as long as it is the store that is waited for. */
const marked = (core: Core): Core => ({
  execute: (command, nowMs) => whereabouts.waitForStore(() => core.execute(command, nowMs)),
})
const runs = store === undefined || spec.store === undefined ? undefined : runsOn(store, spec.store.namespace)
const subject: Subject = {
  ...(runs === undefined ? given : putOn(given, (mint) => marked(runs(mint)))),
  watch: {
    entered: (what, atMs) => whereabouts.enterSubject(what, atMs),
    left: () => whereabouts.leaveSubject(),
  },
}

const options: ExploreOptions = {
  ...spec.options,
  subject,
  goOn: () => !whereabouts.isToEnd,
  onFailure: (failure) => send({ kind: 'found', failure }),
  // The commands of built-in parts count as well: they show that the thread moves.
  watch: (command, atMs) => {
    whereabouts.moved()
    whereabouts.asks(command, atMs)
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
  if (work.kind === 'assemble') {
    const { commands, own } = assemble(subject, 0)
    return { commands: [...commands], own: [...own] }
  }
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
      send(PONG)
      return
    case 'close':
      void store?.close().finally(() => send({ kind: 'closed' }))
  }
})
if (spec.store === undefined || store !== undefined) send({ kind: 'ready' })
