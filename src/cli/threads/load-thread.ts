import { parentPort, workerData } from 'node:worker_threads'
import { loadProject, loadSubject, loads, subjectFiles } from '../../config/index.js'
import type { ToLoad } from './load-limit.js'

/** Loads what an exploration is going to load, and says so. */
loads.subscribe((load) => parentPort?.postMessage(load))
const { directory, configFile, subjects } = workerData as ToLoad
try {
  const project = await loadProject(directory, configFile)
  for (const file of subjectFiles(project, directory, subjects)) await loadSubject(file).catch(() => undefined)
} finally {
  process.exit()
}
