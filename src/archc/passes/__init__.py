"""One pass a file; its one public function is named as the file."""
