"""What tests are written with: real processes, real editors, real projects."""
