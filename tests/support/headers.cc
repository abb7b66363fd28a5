// Nothing: the target is there for its precompiled headers.
int main() { return 0; }
