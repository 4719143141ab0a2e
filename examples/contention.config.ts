import { defineConfig } from 'contention'

export default defineConfig({
  scenarios: ['./scenarios/shard-handover.ts'],
  subjects: ['./my-lease.ts'],
})
