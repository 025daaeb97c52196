import type { BrandService } from '../../library/brands/brand.service.js';
import type { TagService } from '../../library/tags/tag.service.js';
import type { Database } from '../../platform/database/database.js';
import type { Room } from '../../platform/rooms/room.js';
import type { MarkService } from '../../seeing/marks/mark.service.js';
import type { ComplianceService } from '../judgements/compliance.service.js';
import { GuidelineFileResolver } from './guideline-file.resolver.js';
import { GuidelineFileService } from './guideline-file.service.js';
import { GuidelineResolver } from './guideline.resolver.js';
import { GuidelineService } from './guideline.service.js';
import { toGuideline, toRule } from './guideline.types.js';
import { RuleCheckResolver } from './rule-check.resolver.js';
import { RuleCheckService } from './rule-check.service.js';
import { RuleImport } from './rule-import.js';
import { RuleResolver } from './rule.resolver.js';
import { RuleService } from './rule.service.js';

interface GuidelineNeeds {
  database: Database;
  brands: BrandService;
  tags: TagService;
  marks: MarkService;
  compliance: ComplianceService;
}

export function guidelinesRoom({ database, brands, tags, marks, compliance }: GuidelineNeeds) {
  const ruleChecks = new RuleCheckService(database, tags, compliance);
  const rules = new RuleService(database, brands, tags, compliance, ruleChecks);
  const ruleImport = new RuleImport(ruleChecks);
  const guidelines = new GuidelineService(database, brands, rules, ruleImport);
  const guidelineFiles = new GuidelineFileService({ database, brands, guidelines, ruleImport, marks, tags, compliance });
  return {
    services: { ruleChecks, rules, guidelines, guidelineFiles },
    resolvers: [
      new GuidelineFileResolver(guidelineFiles),
      new GuidelineResolver(guidelines),
      new RuleCheckResolver(ruleChecks),
      new RuleResolver(rules),
    ],
    nodes: {
      Guideline: async (viewer, keys) => (await guidelines.findMany(viewer, keys)).map((guideline) => guideline && toGuideline(guideline)),
      Rule: async (viewer, keys) => (await rules.findMany(viewer, keys)).map((rule) => rule && toRule(rule)),
    },
  } satisfies Room;
}
