import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { packageRoot } from '../../package.js'

/** Starts a thread that runs `name`, one of the files that are built. */
export function startThread(name: string, options: WorkerOptions): Worker {
  const file = join(packageRoot(), 'dist', `${name}.js`)
  if (!existsSync(file)) throw new Error(`${file} is missing: the package is not built`)
  return new Worker(file, options)
}
