import { countsOf, disagreements } from './compare.js'
import {
  type Comparison,
  type Configuration,
  type Evidence,
  type Json,
  type Marker,
  markerCounts,
  sortedJson,
  type Verdict,
} from './evidence.js'
import { differences } from './expect.js'
import { type ScenarioId, scenarioIds } from './names.js'
import { tenantsOf } from './place.js'
import { scenarios } from './scenarios/index.js'
import { settings } from './settings.js'

/** One thing that must be proven, and whether the evidence proves it. */
export interface Gate {
  readonly name: string
  readonly passed: boolean
  /** Why not; empty when it has passed. */
  readonly reasons: readonly string[]
}

/** Judges evidence, of a run or of its log. What is not there has not been proven. */
export function gatesOf(evidence: Evidence): readonly Gate[] {
  const proven = (name: string, id: ScenarioId) => gate(name, scenarioReasons(evidence, id))
  return [
    gate('instrument integrity', integrity(evidence)),
    gate('Postgres-only fabric provable', postgresOnly(evidence)),
    proven('cross-tenant probe explicit', 'S3'),
    proven('poison retries proven', 'S1'),
    gate('crash physics proven', physics(evidence)),
    proven('redelivery accounting', 'S2'),
    proven('runaway stopped without starvation', 'S4'),
    proven('least privilege probes fail', 'S5'),
    proven('zombie fenced', 'S6'),
    gate('model and reality agree', agreement(evidence)),
  ]
}

const gate = (name: string, reasons: readonly string[]): Gate => ({ name, passed: reasons.length === 0, reasons })

export const allPassed = (gates: readonly Gate[]): boolean => gates.length > 0 && gates.every(({ passed }) => passed)

function scenarioReasons(evidence: Evidence, id: ScenarioId): readonly string[] {
  const verdict = verdictOf(evidence, id)
  if (verdict === undefined) return [`no evidence: there is no verdict of ${id}`]
  const judged = scenarios[id].judge(verdict)
  // What a run could not carry through stands in its own reasons alone.
  return verdict.passed || judged.length > 0 ? judged : verdict.reasons.length > 0 ? verdict.reasons : ['not passed']
}

const verdictOf = ({ verdicts }: Evidence, id: ScenarioId): Verdict | undefined =>
  verdicts.find(({ scenario }) => scenario === id)

/** Whether the evidence is whole, and says one thing. */
function integrity(evidence: Evidence): readonly string[] {
  const { configuration, verdicts, damage } = evidence
  if (configuration === undefined) return [...damage, 'no evidence: there is no run configuration']
  const twice = scenarioIds.filter((id) => verdicts.filter(({ scenario }) => scenario === id).length > 1)
  const missing = configuration.scenarios.filter((id) => verdictOf(evidence, id) === undefined)
  return [
    ...damage,
    ...settingsReasons(configuration),
    ...(configuration.scenarios.length === 0 ? ['no scenario was run'] : []),
    ...missing.map((id) => `no evidence: there is no verdict of ${id}`),
    ...twice.map((id) => `there is more than one verdict of ${id}`),
    ...verdicts.flatMap((verdict) => verdictIntegrity(verdict, evidence)),
  ]
}

/** Figures prove what they are said to only of a fabric that was set up so. */
const settingsReasons = (configuration: Configuration): readonly string[] =>
  differences(configuration, {
    acknowledgement: { late: true, on_failure_or_timeout: true, reject_on_worker_lost: true },
    prefetch: settings.prefetch,
    max_attempts: settings.maxAttempts,
    tenants: tenantsOf(configuration.candidate_commit),
  })

function verdictIntegrity(verdict: Verdict, { configuration, markers }: Evidence): readonly string[] {
  const { scenario, passed, reasons, worker_observed } = verdict
  const judged = [...reasons, ...scenarios[scenario].judge(verdict)]
  const wrong = [
    ...(passed && judged.length > 0 ? ['says that it passed, its figures do not'] : []),
    ...(!passed && judged.length === 0 ? ['says that it did not pass, and not why'] : []),
    ...(configuration === undefined
      ? []
      : differences(verdict, {
          n: configuration.n,
          tenants: configuration.tenants,
          candidate_commit: configuration.candidate_commit,
          run_url: configuration.run_url,
        })),
    ...(sortedJson(worker_observed['markers']) === sortedJson(markerCounts(markers, scenario))
      ? []
      : ['its markers are not those that it counted']),
  ]
  return wrong.map((what) => `${scenario}: ${what}`)
}

/** Broker and results are one Postgres, whose digest is known, and in which every scenario's jobs are. */
function postgresOnly({ configuration, verdicts }: Evidence): readonly string[] {
  if (configuration === undefined) return ['no evidence: there is no run configuration']
  const ends = { broker: configuration.broker, 'result backend': configuration.result_backend }
  const empty = verdicts.filter(({ db_truth }) => db_truth === null || db_truth.jobs === 0 || db_truth.attempts === 0)
  return [
    ...Object.entries(ends).flatMap(([name, { scheme, sha256 }]) => [
      ...(/^postgres(ql)?$/.test(scheme) ? [] : [`${name}: scheme ${scheme}`]),
      ...(/^[0-9a-f]{64}$/.test(sha256) ? [] : [`${name}: no SHA-256 of its DSN`]),
    ]),
    ...(verdicts.length === 0 ? ['no evidence: there is no verdict'] : []),
    ...empty.map(({ scenario }) => `${scenario}: the database knows nothing of its jobs`),
  ]
}

/** Every kill was seen to work, and by nothing else. */
function physics(evidence: Evidence): readonly string[] {
  const verdict = verdictOf(evidence, 'S2')
  if (verdict === undefined) return ['no evidence: there is no verdict of S2']
  const { n, worker_observed, db_truth } = verdict
  const events = ['barrier-seen', 'kill-issued', 'worker-exited', 'worker-restarted', 'redelivered']
  return [
    ...differences(worker_observed, {
      barriers_seen: n,
      kills_issued: n,
      exits_seen: n,
      restarts: n,
      signals: { SIGKILL: n },
      markers: Object.fromEntries(events.map((event) => [event, n])),
    }),
    ...differences(db_truth, { barrier_rows: n }),
    ...storyReasons(worker_observed['per_job'], evidence.markers),
  ]
}

/** The marker lines of each job tell what its account counts, and in the order of cause and effect. */
function storyReasons(perJob: Json | undefined, markers: readonly Marker[]): readonly string[] {
  const accounted = typeof perJob === 'object' && perJob !== null ? Object.keys(perJob) : []
  const stories = new Map<Json | undefined, Marker[]>(accounted.map((job) => [job, []]))
  for (const marker of markers) {
    if (marker.scenario === 'S2') stories.get(marker.details['job'])?.push(marker)
  }
  const wrong = accounted.filter((job) => !isKilledAndRedelivered(stories.get(job) ?? []))
  return wrong.length === 0
    ? []
    : [`marker lines that do not tell of a kill and what came of it: ${wrong.length} jobs, the first ${wrong[0]}`]
}

/** Another worker gets the job when its own has ended; the new one may be ready sooner or later than that. */
function isKilledAndRedelivered(story: readonly Marker[]): boolean {
  const [barrier, kill, exit, ...rest] = story
  const pid = barrier?.details['pid']
  return (
    sortedJson([barrier?.event, kill?.event, exit?.event]) ===
      sortedJson(['barrier-seen', 'kill-issued', 'worker-exited']) &&
    sortedJson(rest.map(({ event }) => event).sort()) === sortedJson(['redelivered', 'worker-restarted']) &&
    [kill, exit].every((marker) => marker?.details['pid'] === pid && marker?.details['signal'] === 'SIGKILL') &&
    rest.every(({ details }) => details['pid'] !== pid)
  )
}

function agreement({ configuration, comparison, verdicts }: Evidence): readonly string[] {
  if (configuration === undefined || comparison === undefined) return ['no evidence: nothing was compared']
  const modelled = verdicts.filter(({ scenario }) => ['S1', 'S2', 'S4', 'S6'].includes(scenario))
  const missing = modelled.filter(({ scenario }) => !comparison.some((one) => one.scenario === scenario))
  return [
    ...(comparison.length === 0 ? ['no evidence: nothing was compared'] : []),
    ...missing.map(({ scenario }) => `no evidence: ${scenario} was not compared`),
    ...comparison.flatMap((one) => disagreements(one).map((name) => `${one.scenario}: ${name} differ`)),
    ...comparison.filter((one) => !isOf(one, verdicts)).map((one) => `${one.scenario}: its verdict counts otherwise`),
  ]
}

/** What was compared is what the verdict says, and nothing else. */
function isOf({ scenario, observed }: Comparison, verdicts: readonly Verdict[]): boolean {
  return verdicts.some(
    (verdict) => verdict.scenario === scenario && sortedJson(countsOf(verdict)) === sortedJson(observed),
  )
}
