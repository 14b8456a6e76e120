// Workload A through host calls: a profile from DynamoDB and 20 rows from SQL Server, fetched at the same time and merged.
import { dynamodb, sql } from 'mayfly';

const students = dynamodb.table('Students');

export const resolvers = {
  Query: {
    report: async ({ studentId }) => {
      const [profile, rows] = await Promise.all([
        students.get({ PK: `STUDENT#${studentId}`, SK: 'PROFILE' }),
        sql.query('assessments_of_student', { id: studentId }),
      ]);
      if (profile === null) return [];
      const { name, grade, readingLevel } = profile;
      return rows.map((row) => ({
        id: row.id,
        name,
        grade,
        readingLevel,
        score: Number(row.score),
        takenAt: `${row.taken_at}Z`,
        active: row.active,
      }));
    },
  },
};
