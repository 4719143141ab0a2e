import { parentPort, workerData } from 'node:worker_threads'
import { loadSubject, loads } from '../config/index.js'

/** Loads subjects, and says so. */
loads.subscribe((load) => parentPort?.postMessage(load))
for (const file of workerData as readonly string[]) await loadSubject(file).catch(() => undefined)
process.exit()
