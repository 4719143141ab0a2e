import { parentPort, workerData } from 'node:worker_threads'
import { builtInScenarios } from '../../../scenarios/index.js'
import { isLast, runJob } from '../../run/index.js'
import type { Scenario } from '../../scenario/index.js'
import { type FromThread, stopTaking, type ThreadSpec, takeJob } from './job-threads.js'

/** One thread beside the first: runs the jobs that it takes, and leaves what does not come to its end to the first. */
const { directory, configFile, subjectFile, jobs, options, board: shared, mark } = workerData as ThreadSpec
const port = parentPort
if (port === null) throw new Error('this file is a worker thread: it is not run by itself')

const send = (message: FromThread) => port.postMessage(message)
const board = new Int32Array(shared)

const names = new Set(jobs.map(({ scenario }) => scenario))
const known = new Map<string, Scenario>(builtInScenarios.map((scenario) => [scenario.name, scenario]))
if ([...names].some((name) => !known.has(name))) {
  // What reads a project takes longer to load than a built-in scenario to run.
  const { loadProject } = await import('../../config/index.js')
  for (const scenario of (await loadProject(directory, configFile)).scenarios) known.set(scenario.name, scenario)
}
// As the first thread has it, which has shown that it loads.
const subject =
  subjectFile === undefined ? undefined : await (await import('../../config/index.js')).loadSubject(subjectFile)

Atomics.store(board, mark, 1)
try {
  for (let index = takeJob(board, jobs.length); index !== undefined; index = takeJob(board, jobs.length)) {
    const { scenario, ...own } = jobs[index] as ThreadSpec['jobs'][number]
    const end = await runJob(
      { ...own, scenario: known.get(scenario) as Scenario },
      { ...options, ...(subject !== undefined && { subject }) },
    )
    if (end.kind === 'ran') send({ kind: 'outcome', index, outcome: end.outcome })
    if (isLast(end, options)) stopTaking(board, jobs.length)
  }
} catch {
  stopTaking(board, jobs.length)
}
send({ kind: 'done' })
