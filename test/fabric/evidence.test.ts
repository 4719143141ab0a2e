import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { askedOf } from '../../src/cli/verify/options.js'
import { canonical } from '../../src/fabric/canonical.js'
import { compare, countsOf } from '../../src/fabric/compare.js'
import {
  block,
  type Evidence,
  type Marker,
  markerLine,
  printEvidence,
  sortedJson,
  type Verdict,
} from '../../src/fabric/evidence.js'
import { allPassed, gatesOf } from '../../src/fabric/gates.js'
import { parseLog } from '../../src/fabric/log.js'
import { scenarioIds } from '../../src/fabric/names.js'
import { tenantsOf } from '../../src/fabric/place.js'
import { sealed } from '../../src/fabric/seal.js'
import { connectionsAtMost } from '../../src/fabric/settings.js'
import { summaryMarkdown } from '../../src/fabric/summary.js'
import { cli, folder, memoryIo } from '../support/cli.js'
import { soundEvidence } from './support.js'

/** As if whoever has changed it had sealed it anew: whether it is false shows in what it tells. */
const judged = (evidence: Evidence) => gatesOf(sealed(evidence))

const failedGates = (evidence: Evidence) =>
  judged(evidence)
    .filter(({ passed }) => !passed)
    .map(({ name }) => name)

const withVerdict = (change: (verdict: Verdict) => Verdict): Evidence => {
  const evidence = soundEvidence()
  return { ...evidence, verdicts: evidence.verdicts.map(change) }
}

const gateOf = {
  S1: ['poison retries proven'],
  S2: ['crash physics proven', 'redelivery accounting'],
  S3: ['cross-tenant probe explicit'],
  S4: ['runaway stopped without starvation'],
  S5: ['least privilege probes fail'],
  S6: ['zombie fenced'],
} as const

describe('the gates', () => {
  it('pass sound evidence, all ten of them', () => {
    expect(judged(soundEvidence()).map(({ passed }) => passed)).toEqual(Array(10).fill(true))
  })

  it.each(scenarioIds)('fail without the verdict of %s: what is absent has not been proven', (id) => {
    const evidence = soundEvidence()
    const verdicts = evidence.verdicts.filter(({ scenario }) => scenario !== id)
    const compared = id === 'S3' || id === 'S5' ? [] : ['model and reality agree']
    const failed = ['instrument integrity', ...gateOf[id], ...compared]
    expect(new Set(failedGates({ ...evidence, verdicts }))).toEqual(new Set(failed))
  })

  it('fail without anything at all', () => {
    const nothing = parseLog('')
    expect(judged(nothing).filter(({ passed }) => passed)).toEqual([])
    expect(allPassed([])).toBe(false)
  })

  it('fail a run of some scenarios: the others have no evidence', () => {
    const evidence = soundEvidence()
    const scenarios = ['S1' as const]
    const connections_at_most = connectionsAtMost(scenarios)
    const configuration = { ...evidence.configuration!, scenarios, connections_at_most }
    const verdicts = evidence.verdicts.filter(({ scenario }) => scenario === 'S1')
    const comparison = evidence.comparison!.filter(({ scenario }) => scenario === 'S1')
    const markers = evidence.markers.filter(({ scenario }) => scenario === 'S1')
    const failed = failedGates({ ...evidence, configuration, verdicts, comparison, markers })
    expect(failed).toEqual(['S3', 'S2', 'S4', 'S5', 'S6'].flatMap((id) => gateOf[id as 'S3']))
  })

  it.each(scenarioIds)('fail when any figure of %s that counts is another', (id) => {
    const evidence = soundEvidence()
    const sound = evidence.verdicts.find(({ scenario }) => scenario === id)!
    const counted = Object.entries(sound.db_truth!).filter(
      ([name, value]) => !UNJUDGED.includes(name) && value !== null,
    )
    expect(counted).toHaveLength(id === 'S4' ? 15 : 14)
    for (const [name, value] of counted) {
      const other = typeof value === 'number' ? value + 1 : { 9: 9 }
      const changed = withVerdict((verdict) =>
        verdict.scenario === id ? { ...verdict, db_truth: { ...verdict.db_truth!, [name]: other } } : verdict,
      )
      // It still says that it has passed: the figures are believed, not the word.
      expect(failedGates(changed), name).toContain('instrument integrity')
      expect(failedGates(changed).length, name).toBeGreaterThan(1)
    }
  })

  it.each(scenarioIds)('fail when anything that the harness saw of %s is missing', (id) => {
    const sound = soundEvidence().verdicts.find(({ scenario }) => scenario === id)!
    for (const name of Object.keys(sound.worker_observed)) {
      const changed = withVerdict((verdict) => {
        if (verdict.scenario !== id) return verdict
        const { [name]: _, ...rest } = verdict.worker_observed
        return { ...verdict, worker_observed: rest }
      })
      expect(failedGates(changed), name).not.toEqual([])
    }
  })

  it('fail a kill that ended a worker by another signal, or a probe refused for another reason', () => {
    const observed = (id: string, worker_observed: Verdict['worker_observed']) =>
      withVerdict((verdict) =>
        verdict.scenario === id
          ? { ...verdict, worker_observed: { ...verdict.worker_observed, ...worker_observed } }
          : verdict,
      )
    expect(failedGates(observed('S2', { signals: { SIGTERM: 2 } }))).toContain('crash physics proven')
    const probes = () =>
      soundEvidence().verdicts.find(({ scenario }) => scenario === 'S5')!.worker_observed['probes'] as {
        sqlstate: string | null
      }[]
    expect(probes()).toHaveLength(7)
    const one = probes().map((probe, index) => (index === 3 ? { ...probe, sqlstate: '42601' } : probe))
    expect(failedGates(observed('S5', { probes: one }))).toContain('least privilege probes fail')
    const allowed = probes().map((probe, index) => (index === 6 ? { ...probe, sqlstate: null } : probe))
    expect(failedGates(observed('S5', { probes: allowed }))).toContain('least privilege probes fail')
    const more = [...probes(), { ...probes()[0]!, sqlstate: null }]
    expect(failedGates(observed('S5', { probes: more }))).toContain('least privilege probes fail')
    const exits = [{ pid: 1, exit_code: 1, signal: 'SIGKILL' }]
    expect(failedGates(observed('S5', { worker_exits: exits }))).toContain('least privilege probes fail')
  })

  it('fail a job that was killed twice while another never was, though the sums are right', () => {
    const changed = withVerdict((verdict) => {
      if (verdict.scenario !== 'S2') return verdict
      const { 'job-0': first, ...rest } = verdict.worker_observed['per_job'] as Record<string, object>
      const per_job = { 'job-0': { ...first, kill: 2 }, 'job-1': { ...rest['job-1'], kill: 0 } } as never
      return { ...verdict, worker_observed: { ...verdict.worker_observed, per_job } }
    })
    expect(failedGates(changed)).toContain('redelivery accounting')
  })

  it('fail marker lines of a job that are of other processes, signals or jobs, or in another order', () => {
    const evidence = soundEvidence()
    const markers = [...evidence.markers]
    const killed = markers.findIndex(({ event }) => event === 'kill-issued')
    const changed = (details: object) =>
      markers.map((marker, at) => (at === killed ? { ...marker, details: { ...marker.details, ...details } } : marker))
    for (const wrong of [
      [...markers].reverse(),
      ...[{ pid: 9 }, { signal: 'SIGTERM' }, { job: 'job-1' }].map(changed),
    ]) {
      expect(failedGates({ ...evidence, markers: wrong })).toEqual(['instrument integrity', 'crash physics proven'])
    }
  })

  it('fail a broker that is not Postgres, or that nothing is known of', () => {
    const evidence = soundEvidence()
    for (const broker of [
      { scheme: 'redis', sha256: 'a'.repeat(64) },
      { scheme: 'postgres', sha256: '' },
    ]) {
      const configuration = { ...evidence.configuration!, broker }
      expect(failedGates({ ...evidence, configuration })).toEqual(['Postgres-only fabric provable'])
    }
  })

  it('fail a fabric that was set up otherwise, or for tenants of another commit', () => {
    const evidence = soundEvidence()
    const { acknowledgement } = evidence.configuration!
    for (const other of [
      { acknowledgement: { ...acknowledgement, late: false } },
      { prefetch: 2 },
      { retry_delay_scale: 1 },
      { max_attempts: 5 },
      ...[{ soft_limit_ms: 0 }, { hard_limit_ms: 99_999 }, { lease_ms: 0 }, { connections_at_most: 0 }],
      { scenarios: ['S6' as const] },
      { candidate_commit: 'decaf' },
    ]) {
      const configuration = { ...evidence.configuration!, ...other }
      expect(failedGates({ ...evidence, configuration })).toEqual(['instrument integrity'])
    }
  })

  it.each(scenarioIds)('fail marker lines of %s that are lost, doubled, or in another order, and say which', (id) => {
    const evidence = soundEvidence()
    const own = evidence.markers.filter(({ scenario }) => scenario === id)
    const others = evidence.markers.filter(({ scenario }) => scenario !== id)
    const physics = id === 'S2' ? ['crash physics proven'] : []
    for (const at of own.keys()) {
      const [before, line, after] = [own.slice(0, at), own[at]!, own.slice(at + 1)]
      const lost = [...before, ...after]
      const doubled = [...before, line, line, ...after]
      // The same number of each, but of another job than its own.
      const job = { ...line, details: { ...line.details, job: 'S9-other-00000', probe: 'other', sentinels: 9 } }
      for (const markers of [lost, doubled, ...(line.event === 'watched' ? [] : [[...before, job, ...after]])]) {
        const changed = { ...evidence, markers: [...others, ...markers] }
        expect(failedGates(changed), `${at}`).toEqual(['instrument integrity', ...physics])
        expect(judged(changed)[0]?.reasons.join()).toContain(`${id}: `)
      }
    }
    const reversed = { ...evidence, markers: [...others, ...[...own].reverse()] }
    expect(failedGates(reversed)).toEqual(['instrument integrity', ...physics])
    expect(judged(reversed)[0]?.reasons.join()).toMatch(/marker line/)
  })

  it('fail marker lines that tell of the same process where there were two, or of two where there was one', () => {
    const evidence = soundEvidence()
    const withPid = (id: string, event: string, pid: number) => ({
      ...evidence,
      markers: evidence.markers.map((marker) =>
        marker.scenario === id && marker.event === event ? { ...marker, details: { ...marker.details, pid } } : marker,
      ),
    })
    for (const [id, event, pid] of [
      ['S4', 'worker-restarted', 31],
      ['S4', 'worker-exited', 30],
      ['S4', 'soft-limit', 31],
      ['S6', 'taken-over', 40],
      ['S6', 'refused', 41],
      ['S6', 'woken', 42],
      ['S2', 'redelivered', 99],
      ['S2', 'worker-restarted', 0],
    ] as const) {
      const physics = id === 'S2' ? ['crash physics proven'] : []
      expect(failedGates(withPid(id, event, pid)), `${id} ${event}`).toEqual(['instrument integrity', ...physics])
    }
  })

  it('fail marker lines of S2 that tell of a worker before it was there, or after it was killed', () => {
    const evidence = soundEvidence()
    const own = evidence.markers.filter(({ scenario }) => scenario === 'S2')
    const others = evidence.markers.filter(({ scenario }) => scenario !== 'S2')
    const at = (event: string, job: string) =>
      own.findIndex((marker) => marker.event === event && marker.details['job'] === job)
    const moved = (from: number, to: number) => {
      const rest = own.toSpliced(from, 1)
      return rest.toSpliced(to, 0, own[from]!)
    }
    const withPid = (where: number, pid: number) =>
      own.with(where, { ...own[where]!, details: { ...own[where]!.details, pid } })
    const why = (markers: readonly Marker[]) => {
      const changed = { ...evidence, markers: [...others, ...markers] }
      expect(failedGates(changed)).toEqual(['instrument integrity', 'crash physics proven'])
      return judged(changed)[0]!.reasons.join('; ')
    }
    // The other job's worker, which had been killed just as well.
    expect(why(withPid(at('redelivered', 'job-0'), 11))).toContain('or had been killed: 1, the first redelivered')
    // It gets a job before it is there.
    expect(why(moved(at('worker-restarted', 'job-0'), own.length - 1))).toContain('the first redelivered')
    expect(why(moved(at('redelivered', 'job-1'), at('worker-exited', 'job-1') + 1))).toContain('that were not there')
    // It goes on when it stands at a barrier, and is killed when it stands at none.
    expect(why(moved(at('kill-issued', 'job-0'), at('barrier-seen', 'job-0')))).toContain('kill-issued')
    // One more at the beginning than there were.
    expect(why(withPid(at('worker-restarted', 'job-0'), 9))).toContain('3 workers at the beginning, not of 2')
  })

  it('fail a soft limit that is told before its job has begun, or after all was over', () => {
    const evidence = soundEvidence()
    const soft = evidence.markers.find(({ event }) => event === 'soft-limit')!
    const rest = evidence.markers.filter((marker) => marker !== soft)
    for (const markers of [
      [soft, ...rest],
      [...rest, soft],
    ]) {
      expect(failedGates({ ...evidence, markers })).toEqual(['instrument integrity'])
    }
  })

  it('fail a fabric of which nothing was observed, or something else than that it is one Postgres', () => {
    const evidence = soundEvidence()
    const fabric = evidence.fabric!
    const { workers, tables, harness } = fabric
    const wrong: readonly (Evidence['fabric'] | undefined)[] = [
      undefined,
      { ...fabric, connections_elsewhere: ['a worker: 127.0.0.1:6379'] },
      { ...fabric, connections_unaccounted: 1 },
      { ...fabric, database: { ...fabric.database, sha256: 'e'.repeat(64) } },
      { ...fabric, database: { ...fabric.database, server_version: '17.0' } },
      { ...fabric, engine_migration: 0 },
      ...Object.keys(workers).map((name) => ({ ...fabric, workers: { ...workers, [name]: 1 } })),
      ...Object.keys(tables).map((name) => ({ ...fabric, tables: { ...tables, [name]: false } })),
      ...Object.keys(harness).map((name) => ({ ...fabric, harness: { ...harness, [name]: false } })),
    ]
    const strange = withVerdict((verdict) =>
      verdict.scenario === 'S3'
        ? { ...verdict, db_truth: { ...verdict.db_truth!, database: { sha256: 'e'.repeat(64) } } }
        : verdict,
    )
    expect(failedGates(strange)).toEqual(['Postgres-only fabric provable'])
    for (const other of wrong) {
      expect(failedGates({ ...evidence, fabric: other }), sortedJson(other ?? null)).toEqual([
        'Postgres-only fabric provable',
      ])
    }
  })

  it('fail acknowledgements that were seen to be otherwise than set, though each scenario says that it has passed', () => {
    const holds = (id: string, change: object) =>
      withVerdict((verdict) => {
        const truth = verdict.db_truth!
        if (verdict.scenario !== id) return verdict
        return { ...verdict, db_truth: { ...truth, holds: { ...truth.holds, ...change } } }
      })
    const why = (evidence: Evidence) => judged(evidence)[0]!.reasons.join('; ')
    expect(why(holds('S4', { completed_early: 1 }))).toContain('acknowledged before their effect was committed')
    expect(why(holds('S2', { completed: 0 }))).toContain('no acknowledgement after the effect was seen')
    expect(why(holds('S1', { failed: 0 }))).toContain('no acknowledgement on failure or timeout')
    expect(why(holds('S2', { lost: 0 }))).toContain('no job was seen to be taken from a worker that was lost')
    expect(why(holds('S3', { most_held_by_one_worker: 2 }))).toContain('hold 1 job at a time')
  })

  it('fail sentinels by their own waits, and not by what is said of them', () => {
    const sentinels = (change: object) =>
      withVerdict((verdict) => {
        const truth = verdict.db_truth!
        if (truth.sentinels === null) return verdict
        return { ...verdict, db_truth: { ...truth, sentinels: { ...truth.sentinels, ...change } } }
      })
    const boundMs = soundEvidence().verdicts.find(({ scenario }) => scenario === 'S4')!.db_truth!.sentinels!
      .wait_bound_ms
    for (const change of [
      { wait_ms: { 'S4-sentinel-00000': 298, 'S4-sentinel-00001': boundMs + 1 } },
      { wait_ms: { 'S4-sentinel-00000': 298, 'S4-sentinel-00001': null } },
      { wait_ms: { 'S4-sentinel-00000': 298 } },
      { wait_bound_ms: boundMs + 1 },
      { enqueued_behind_runaway: 1 },
      { completed: 1 },
    ]) {
      expect(failedGates(sentinels(change))).toEqual(['instrument integrity', 'runaway stopped without starvation'])
    }
    expect(failedGates(sentinels({ wait_ms: { 'S4-sentinel-00000': 312, 'S4-sentinel-00001': 298 } }))).toEqual([])
  })

  it('fail a watch over dead jobs that was shorter than a retry takes', () => {
    const changed = withVerdict((verdict) =>
      verdict.scenario === 'S1'
        ? { ...verdict, worker_observed: { ...verdict.worker_observed, watched_ms: 5 } }
        : verdict,
    )
    expect(failedGates(changed)).toContain('poison retries proven')
  })

  it('fail a candidate that is not known', () => {
    const evidence = soundEvidence()
    const tenants = tenantsOf('unknown')
    const about = { candidate_commit: 'unknown', tenants }
    const configuration = { ...evidence.configuration!, ...about }
    const verdicts = evidence.verdicts.map((verdict) => ({ ...verdict, ...about }))
    const changed = { ...evidence, configuration, verdicts }
    expect(judged(changed).flatMap(({ reasons }) => reasons)).toEqual([expect.stringContaining('--commit SHA')])
  })
})

/** What of the database's truth is no figure: how long was waited, and where it was read. */
const UNJUDGED = ['longest_wait_ms', 'database']

describe('the comparison with a model', () => {
  const predicted = async (evidence: Evidence, change: (scenario: string) => Partial<ReturnType<typeof countsOf>>) => {
    const byFailure = { poison: 'S1', 'crash-before-acknowledging': 'S2', runaway: 'S4', zombie: 'S6' }
    const comparison = await compare(evidence.verdicts, async (failure) => {
      const verdict = evidence.verdicts.find(({ scenario }) => scenario === byFailure[failure])!
      return { ...countsOf(verdict)!, ...change(verdict.scenario) }
    })
    return { ...evidence, comparison }
  }

  it('passes when the counts are the same', async () => {
    const gates = judged(await predicted(soundEvidence(), () => ({})))
    expect(gates.at(-1)).toEqual({ name: 'model and reality agree', passed: true, reasons: [] })
  })

  it('fails where they differ, and says in what', async () => {
    const evidence = await predicted(soundEvidence(), (scenario) => (scenario === 'S6' ? { duplicates: 1 } : {}))
    expect(judged(evidence).at(-1)?.reasons).toEqual(['S6: duplicates differ'])
    expect(summaryMarkdown(evidence, 'here')).toContain('| S6 | duplicates | 1 | 0 | NO |')
  })

  it.each(['compared', 'not compared'] as const)(
    'fails when it is not there, whether it was to be or not: %s',
    (model) => {
      const evidence = soundEvidence()
      const configuration = { ...evidence.configuration!, model }
      expect(failedGates({ ...evidence, configuration, comparison: undefined })).toEqual(['model and reality agree'])
    },
  )

  it('fails when it is not of the verdicts that stand beside it', () => {
    const evidence = soundEvidence()
    const comparison = evidence.comparison!.map((one) => {
      const counts = { ...one.observed!, refusedWrites: 7 }
      return one.scenario === 'S1' ? { ...one, predicted: counts, observed: counts } : one
    })
    const gates = judged({ ...evidence, comparison })
    expect(gates.flatMap(({ reasons }) => reasons)).toEqual(['S1: its verdict counts otherwise'])
  })

  it('of a log is what the model says, whatever the log says that it said', async () => {
    const evidence = soundEvidence()
    const other = evidence.comparison!.map((one) =>
      one.scenario === 'S1' ? { ...one, failure: 'zombie' as const } : one,
    )
    for (const comparison of [other, [...evidence.comparison!, evidence.comparison![0]!]]) {
      const place = folder({ 'verify.log': printEvidence(sealed({ ...evidence, comparison })) })
      const { code, stdout } = await cli(place, ['verify', '--from', 'verify.log'])
      expect([code, stdout]).toEqual([1, expect.stringContaining('the comparison is not what model and verdicts say')])
    }
  })
})

describe('a log', () => {
  it('is read back as it was printed', () => {
    expect(parseLog(printEvidence(soundEvidence()))).toEqual(soundEvidence())
  })

  it('is read back whatever is in it', () => {
    const text = fc.string({ unit: 'binary' })
    const details = fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.oneof(text, fc.integer(), fc.constant(null)))
    const marker = fc.record({
      scenario: fc.constantFrom(...scenarioIds),
      event: fc.stringMatching(/^[a-z][a-z-]*$/),
      details,
    })
    const verdict = fc.record({
      scenario: fc.constantFrom(...soundEvidence().verdicts),
      reasons: fc.array(text),
      passed: fc.boolean(),
      // A key that readers drop, with good reason.
      worker_observed: fc.dictionary(
        text.filter((key) => key !== '__proto__'),
        fc.oneof(text, fc.integer(), fc.array(text)),
      ),
    })
    fc.assert(
      fc.property(fc.array(marker), fc.array(verdict), (markers, changes) => {
        const verdicts = changes.map(({ scenario, ...change }) => ({ ...scenario, ...change }))
        const evidence = sealed({ ...soundEvidence(), markers, verdicts })
        const read = parseLog(printEvidence(evidence))
        expect(sortedJson(read)).toBe(sortedJson(evidence))
      }),
    )
  })

  it('may have the times of a CI before each line, and other lines between', () => {
    const stamped = printEvidence(soundEvidence())
      .split('\n')
      .map((line) => `2026-01-02T03:04:05.6789012Z ${line}`)
    const noisy = ['npm ci', ...stamped, 'done'].join('\r\n')
    expect(parseLog(noisy)).toEqual(soundEvidence())
  })

  it('that is damaged fails, and says where', () => {
    const whole = printEvidence(soundEvidence())
    const cases = {
      'block seal does not end': whole.slice(0, whole.lastIndexOf('-----END')),
      'S1: it is not JSON': whole.replace('"attempts": 8,', '"attempts": ,'),
      'S1: db_truth.attempts': whole.replace('"attempts": 8,', '"attempts": "eight",'),
      'block S1 does not begin': whole.replace('-----BEGIN CONTENTION EVIDENCE S1-----', ''),
      'there is more than one run configuration': `${block('configuration', soundEvidence().configuration)}\n${whole}`,
      'block S1 was written anew': whole.replace('"attempts": 8,', '"attempts": 9,\n    "attempts": 8,'),
      'block comparison was written anew': whole.replace('"observed": {', '"observed": {},\n    "observed": {'),
      'marker barrier-seen was written anew': whole.replace('"pid":10', '"pid":11,"pid":10'),
      'passed stands there twice': JSON.stringify(soundEvidence()).replace('"passed":', '"passed":false,"passed":'),
      'there is more than one comparison': `${block('comparison', soundEvidence().comparison)}\n${whole}`,
    }
    for (const [damage, text] of Object.entries(cases)) {
      const evidence = parseLog(text)
      expect(evidence.damage.join('\n'), damage).toContain(damage)
      expect(failedGates(evidence), damage).toContain('instrument integrity')
    }
  })

  it('holds keys in order', () => {
    const text = printEvidence(soundEvidence())
    for (const keys of [...text.matchAll(/^\{\n([\s\S]*?)^\}/gm)].map(([, body]) => topKeys(body as string))) {
      expect(keys).toEqual([...keys].sort())
    }
    expect(markerLine({ scenario: 'S2', event: 'kill-issued', details: { pid: 1, job: 'a' } })).toBe(
      '::contention:: S2 kill-issued {"job":"a","pid":1}',
    )
  })
})

const topKeys = (body: string): readonly string[] =>
  [...body.matchAll(/^ {2}"(\w+)":/gm)].map(([, key]) => key as string)

describe('the seal', () => {
  const why = (text: string) => gatesOf(parseLog(text))[0]!.reasons.join('; ')
  const whole = printEvidence(soundEvidence())
  const json = (evidence: Evidence) => JSON.stringify(evidence)

  it('fails what no other evidence in a log can contradict, in its lines as in what --json has printed', () => {
    const changes: readonly (readonly [from: string, to: string])[] = [
      // A wait that was shorter than it was; and all of them, with what is said of them.
      ['"S4-sentinel-00000": 298', '"S4-sentinel-00000": 28'],
      // Other tables of the engine.
      ['"engine_migration": 19', '"engine_migration": 18'],
      // Another place at which the story would have been just as well.
      [
        '::contention:: S2 worker-restarted {"job":"job-0","pid":20}\n::contention:: S2 worker-restarted {"job":"job-1","pid":21}',
        '::contention:: S2 worker-restarted {"job":"job-1","pid":21}\n::contention:: S2 worker-restarted {"job":"job-0","pid":20}',
      ],
    ]
    for (const [from, to] of changes) {
      expect(whole).toContain(from)
      const changed = whole.replace(from, to)
      expect(gatesOf(sealed(parseLog(changed))).filter(({ passed }) => !passed)).toEqual([])
      expect(why(changed)).toBe('the seal is of other evidence: something was changed, lost or added since')
      expect(why(json(parseLog(changed)))).toBe(why(changed))
    }
    expect(why(json(soundEvidence()))).toBe('')
  })

  it('is missed where a log was cut off, and is one', () => {
    const seal = block('seal', soundEvidence().seal)
    expect(whole.endsWith(`${seal}\n`)).toBe(true)
    expect(why(whole.slice(0, -seal.length - 1))).toContain('no seal')
    const { seal: _, ...unsealed } = soundEvidence()
    expect(why(json({ ...unsealed, seal: undefined }))).toContain('no seal')
    expect(why(`${whole}${seal}`)).toContain('there is more than one seal')
  })

  it('does not mind in which order scenarios have ended, nor what else stands in the log', () => {
    const evidence = soundEvidence()
    const reversed = printEvidence({ ...evidence, verdicts: [...evidence.verdicts].reverse() })
    expect(why(`npm ci\n${reversed.replaceAll('\n', '\r\n')}done`)).toBe('')
  })
})

describe('the summary', () => {
  it('has status, configuration, gates, where the evidence is, and verdicts', () => {
    const text = summaryMarkdown(soundEvidence(), 'verify.log')
    expect(text).toContain('**PASS**: 10 of 10 gates passed, 6 of 6 scenarios held.')
    expect(text).toContain('| zombie fenced | PASS |')
    expect(text).toContain('verify.log: 40 marker lines, 6 verdict blocks, sealed as ')
    expect(text).toContain('| S1 PoisonPill | PASS | 2 | 8 | 2 | 0 | 0 | 0 |')
    expect(text).toContain('| S2 | redeliveries | 2 | 2 | yes |')
  })

  it('is the same whether of a run or of its log', () => {
    const evidence = soundEvidence()
    expect(summaryMarkdown(parseLog(printEvidence(evidence)), 'here')).toBe(summaryMarkdown(evidence, 'here'))
  })

  it('takes no markup from a log', () => {
    const evidence = withVerdict((verdict) => ({ ...verdict, passed: false, reasons: ['a | b <script> [x](y)'] }))
    expect(summaryMarkdown(evidence, 'x')).toContain('a \\| b \\<script\\> \\[x\\](y)')
  })
})

describe('the canonical form', () => {
  it('has neither processes nor times nor the run', () => {
    const evidence = soundEvidence()
    const runId = 'contention_verify_xyz_2_ffffff'
    const other = sealed({
      ...evidence,
      configuration: {
        ...evidence.configuration!,
        run_id: runId,
        broker: { scheme: 'postgres', sha256: 'b'.repeat(64) },
      },
      fabric: { ...evidence.fabric!, database: { ...evidence.fabric!.database, sha256: 'f'.repeat(64) } },
      verdicts: [...evidence.verdicts].reverse().map((verdict) => ({
        ...verdict,
        db_truth: { ...verdict.db_truth!, longest_wait_ms: 77, database: { sha256: 'f'.repeat(64) } },
      })),
    })
    expect(canonical(other)).toBe(canonical(evidence))
    expect(canonical(evidence)).not.toContain('contention_verify_abc')
  })
})

describe('a log that is judged', () => {
  it('takes no options of a run: it runs nothing', async () => {
    const place = folder({ 'verify.log': printEvidence(soundEvidence()) })
    expect((await cli(place, ['verify', '--from', 'verify.log'])).code).toBe(0)
    const { code, stderr } = await cli(place, ['verify', '--from', 'verify.log', '--n', '5', '--database-url', 'x'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/--from judges a log[\s\S]*--database-url, --n/)
  })

  it('may be what --json has printed, and is judged anew', async () => {
    const place = folder({ 'verify.log': printEvidence(soundEvidence()) })
    const judged = await cli(place, ['verify', '--from', 'verify.log'])
    const { stdout } = await cli(place, ['verify', '--from', 'verify.log', '--json'])
    expect(parseLog(stdout)).toEqual(soundEvidence())
    const { gates, markers, ...rest } = JSON.parse(stdout)
    for (const [text, code] of [
      [stdout, 0],
      [JSON.stringify({ gates, markers, ...rest }), 0],
      // It says of itself that it held.
      [JSON.stringify({ gates, markers: markers.slice(1), ...rest }), 1],
      [JSON.stringify({ gates, markers: ['S1'], ...rest }), 1],
      [JSON.stringify({ gates, markers, ...rest, damage: ['block S1 does not end'] }), 1],
      [JSON.stringify({ gates, markers, ...rest, fabric: { ...rest.fabric, connections_unaccounted: 'none' } }), 1],
      [JSON.stringify({ verdict: 'not-checked', error: { what: 'no server' } }), 2],
      [stdout.slice(0, -9), 2],
    ] as const) {
      writeFileSync(join(place, 'verify.json'), text)
      const again = await cli(place, ['verify', '--from', 'verify.json'])
      expect(again.code, text.slice(-200)).toBe(code)
      if (code === 0) expect(again.stdout).toBe(judged.stdout)
    }
  })

  it('has not been judged for a reader who has gone', () => {
    const place = folder({ 'verify.log': printEvidence(soundEvidence()) })
    const script = 'set -o pipefail; "$0" bin/contention.js verify --from "$1" | true'
    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, join(place, 'verify.log')], {
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([2, expect.stringContaining('has not reached anybody')])
  })
})

describe('a run', () => {
  const nowhere = 'postgres://me@127.0.0.1:1/mine'

  it('does not begin when what it is to write cannot be written, and writes nothing before its end', async () => {
    const place = folder({ 'old.md': 'old' })
    for (const option of ['--summary', '--canonical']) {
      const { code, stderr } = await cli(place, ['verify', '--database-url', nowhere, option, 'missing/file'])
      expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be written')])
      expect(stderr).toMatch(/missing\/file/)
    }
    const writable = ['--summary', 'new.md', '--canonical', 'old.md']
    const { code, stderr } = await cli(place, ['verify', '--database-url', nowhere, ...writable])
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be reached')])
    expect(readdirSync(place)).toEqual(['old.md'])
    expect(readFileSync(join(place, 'old.md'), 'utf8')).toBe('old')
  })

  it('is of the commit that is named, that CI names, or that is checked out; else of an unknown one, and says so', async () => {
    const commitIn = (cwd: string, env: Record<string, string>, options = {}) =>
      askedOf(memoryIo(env, cwd).io, options, undefined).commit
    const head = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).stdout.trim()
    expect(commitIn(process.cwd(), {})).toBe(head)
    expect(commitIn(process.cwd(), { GITHUB_SHA: 'c0ffee' })).toBe('c0ffee')
    expect(commitIn(process.cwd(), { CI_COMMIT_SHA: 'decaf0' }, { commit: 'C0FFEE' })).toBe('c0ffee')
    expect(commitIn(folder(), {})).toBe('unknown')
    const { stderr } = await cli(folder(), ['verify', '--database-url', nowhere])
    expect(stderr).toContain('--commit SHA')
    const { code, stderr: refused } = await cli(folder(), ['verify', '--commit', 'main'])
    expect([code, refused]).toEqual([2, expect.stringMatching(/--commit is not one[\s\S]*main/)])
  })
})
