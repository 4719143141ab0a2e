export type { Complete, Enqueue, Fail, JobCommand, JobFence, Take } from './command.js'
export { type Job, type JobsRecord, type JobsTransition, NO_JOBS, stepJobs } from './machine.js'
export type { Completed, Enqueued, Failed, Idle, JobReply, Taken } from './reply.js'
