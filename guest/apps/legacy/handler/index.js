// Assessments, as a Lambda function behind AppSync answers them: profiles from DynamoDB, assessments from the legacy client.
const { randomUUID } = require('crypto');
const AWS = require('aws-sdk');
const legacy = require('./legacy-client');

const documents = new AWS.DynamoDB.DocumentClient();

class ApplicationError extends Error {
  constructor(errorType, message) {
    super(message);
    this.errorType = errorType;
  }
}

const invalid = (argument, problem) => new ApplicationError('INVALID_ARGUMENT', `argument \`${argument}\`: ${problem}`);

async function profileOf(id) {
  const { Item } = await documents.get({
    TableName: process.env.STUDENTS_TABLE,
    Key: { PK: `STUDENT#${id}`, SK: 'PROFILE' },
    ProjectionExpression: 'id, grade, readingLevel',
  }).promise();
  if (!Item) throw new ApplicationError('STUDENT_NOT_FOUND', `student \`${id}\` does not exist`);
  return Item;
}

function day(argument, text) {
  const date = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) {
    throw invalid(argument, `\`${text}\` is not a date (expected YYYY-MM-DD)`);
  }
  return date;
}

function days(range) {
  if (!range) return {};
  const [from, to] = [day('dateRange.from', range.from), day('dateRange.to', range.to)];
  if (to < from) throw invalid('dateRange', `\`to\` (${range.to}) is before \`from\` (${range.from})`);
  to.setUTCDate(to.getUTCDate() + 1);
  return { from, to };
}

const enrich = (row, student) => ({
  id: row.Id,
  studentId: row.StudentId,
  type: row.Type,
  score: Number(row.Score),
  takenAt: row.TakenAt.toISOString(),
  studentGrade: student.grade,
  readingLevel: student.readingLevel,
  processedAt: new Date().toISOString(),
});

async function assessments({ studentId, assessmentType: type, dateRange, trouble }) {
  const wanted = { type, trouble, ...days(dateRange) };
  const [student, rows] = await Promise.all([profileOf(studentId), legacy.assessments([studentId], wanted)]);
  return rows.map((row) => enrich(row, student));
}

/** The events of a batch have the same arguments, and a student each. */
async function assessmentsOfStudents(events) {
  const { type, dateRange, trouble } = events[0].arguments;
  const students = [...new Set(events.map(({ source }) => source.id))];
  const rows = await legacy.assessments(students, { type, trouble, ...days(dateRange) });
  return events.map(({ source }) => rows.filter((row) => row.StudentId === source.id).map((row) => enrich(row, source)));
}

async function recordAssessment({ input, trouble }) {
  const { studentId, type, score, takenAt, idempotencyKey: key } = input;
  if (!(score >= 0 && score <= 100)) throw invalid('input.score', `${score} is not between 0 and 100`);
  if (!/^[\w-]{1,64}$/.test(key)) throw invalid('input.idempotencyKey', 'it is not 1 to 64 letters, digits, `-` and `_`');
  const taken = new Date(takenAt);
  if (Number.isNaN(taken.getTime())) throw invalid('input.takenAt', `\`${takenAt}\` is not a date and time (expected YYYY-MM-DDThh:mm:ssZ or an offset)`);
  const student = await profileOf(studentId);
  const row = await legacy.record({ key, id: randomUUID(), studentId, type, score, takenAt: taken, trouble });
  if (row.StudentId !== studentId) throw invalid('input.idempotencyKey', "it was used for another student's assessment");
  return enrich(row, student);
}

exports.handler = async (event) => {
  if (Array.isArray(event)) return assessmentsOfStudents(event);
  switch (event.info.fieldName) {
    case 'assessments': return event.source ? (await assessmentsOfStudents([event]))[0] : assessments(event.arguments);
    case 'recordAssessment': return recordAssessment(event.arguments);
    default: throw new Error(`no resolver for ${event.info.parentTypeName}.${event.info.fieldName}`);
  }
};
