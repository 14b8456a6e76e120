// The client of the legacy API, as it was: functions of an assembly by edge-js, and a list of connections that nobody empties.
const path = require('path');
const edge = require('edge-js');

const assemblyFile = path.join(__dirname, '..', 'bin', 'LegacyApi.dll');
const method = (methodName) => edge.func({ assemblyFile, typeName: 'LegacyApi.Assessments', methodName });

const getAssessments = method('GetAssessments');
const recordAssessment = method('RecordAssessment');

class LegacyClient {
  constructor() {
    this.connections = [];
  }

  connect() {
    const connection = { number: this.connections.length + 1, opened: new Date(), log: 'x'.repeat(10000) };
    this.connections.push(connection);
    return connection;
  }

  /** Assessments of students, all of them or of a type and a time. */
  assessments(studentIds, { type, from, to, trouble }) {
    const connection = this.connect();
    return new Promise((resolve, reject) => {
      getAssessments({ studentIds, type, from, to, trouble }, (error, rows) => {
        connection.log += error ? `failed: ${error.message}` : `${rows.length} rows`;
        if (error) reject(error);
        else resolve(rows);
      });
    });
  }

  /** Records an assessment, and gives what is recorded under its key. */
  record(assessment) {
    this.connect();
    return recordAssessment(assessment);
  }
}

module.exports = new LegacyClient();
