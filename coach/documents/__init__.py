"""Files people bring and take away: resumes and postings as PDF, Word, OpenDocument, RTF, HTML or text."""
