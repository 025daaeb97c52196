import { oneByOne } from '../../platform/graphql/node.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { HistoryService } from '../../judging/history/history.service.js';
import type { ComplianceService } from '../../judging/judgements/compliance.service.js';
import type { OrganizationService } from '../../platform/access/organization.service.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { Signer } from '../../platform/http/signed-token.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Room } from '../../platform/rooms/room.js';
import { BrandReportResolver } from './brand-report.resolver.js';
import { COMPLIANCE_CLOCK, COMPLIANCE_CLOCK_CRON, ComplianceClockJob } from './compliance-clock.job.js';
import { ReportExportJob } from './report-export.job.js';
import { ReportExportResolver } from './report-export.resolver.js';
import { REPORT_EXPORT, ReportExportService } from './report-export.service.js';
import { ReportScheduleResolver } from './report-schedule.resolver.js';
import { toReportExport } from './report-export.types.js';
import { toReportSchedule } from './report-schedule.types.js';
import { ReportScheduleService } from './report-schedule.service.js';
import { ReportWriter } from './report-writer.js';
import { ReportResolver } from './report.resolver.js';
import { ReportService } from './report.service.js';

interface ReportNeeds {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  queue: JobQueue;
  signer: Signer;
  baseUrl: () => string;
  organizations: OrganizationService;
  compliance: ComplianceService;
  history: HistoryService;
}

export function reportsRoom({ database, files, media, queue, signer, baseUrl, organizations, compliance, history }: ReportNeeds) {
  const reports = new ReportService(database, compliance, history);
  const reportWriter = new ReportWriter({ database, files, media, reports });
  const reportExports = new ReportExportService(database, queue, files, signer, baseUrl, reports);
  const schedules = new ReportScheduleService(database, reportExports, reports);
  const clock = () => new ComplianceClockJob({ organizations, compliance, schedules });
  return {
    services: { reports, reportWriter, reportExports },
    resolvers: [
      new BrandReportResolver(reports),
      new ReportResolver(reports),
      new ReportExportResolver(reportExports),
      new ReportScheduleResolver(schedules),
    ],
    jobs: [
      declareJob({ kind: REPORT_EXPORT, handler: () => new ReportExportJob(database, files, reportWriter) }),
      declareJob({ kind: COMPLIANCE_CLOCK, handler: clock, schedule: COMPLIANCE_CLOCK_CRON }),
    ],
    nodes: {
      ReportExport: oneByOne(async (viewer, key) => {
        const row = await reportExports.find(viewer, key);
        return row && toReportExport(row, reportExports.linkTo(viewer.organizationId, row));
      }),
      ReportSchedule: oneByOne(async (viewer, key) => {
        const schedule = await schedules.find(viewer, key);
        return schedule && toReportSchedule(schedule);
      }),
    },
    openFile: (token) => reportExports.open(token),
  } satisfies Room;
}
