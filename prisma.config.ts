import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // For `prisma migrate deploy` and `prisma studio` on a native server; the build needs none.
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost/vitrine' },
});
