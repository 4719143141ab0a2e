import { Bench } from 'tinybench'
import { percentile } from '../../src/metrics/index.js'

/**
 * Times tasks in turn, A B C A B C …, so that a machine that grows slower slows all of them alike. Returns the median of
 * each task's times in ms. The first round only warms up.
 */
export async function interleaved(
  tasks: Readonly<Record<string, () => unknown>>,
  rounds: number,
): Promise<Readonly<Record<string, number>>> {
  const names = Object.keys(tasks)
  const times = new Map<string, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true })
      bench.add(name, tasks[name] as () => unknown)
      await bench.run()
      const [task] = bench.tasks
      const result = task?.result
      if (result === undefined || !('latency' in result)) throw new Error(`${name} was not timed`)
      if (round > 0) times.get(name)?.push(result.latency.mean)
    }
  }
  return Object.fromEntries(names.map((name) => [name, percentile(times.get(name) as number[], 50)]))
}
