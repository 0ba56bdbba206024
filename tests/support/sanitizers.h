#pragma once

// The sanitizers of memory and undefined behaviour open pipes to look at memory, and take their
// lack for a bad pointer. A test that takes the process's descriptors away begins with this line,
// and is skipped, and counted as such, under these.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer) || __has_feature(address_sanitizer)
#define PEERAGE_TEST_NEEDS_ALL_DESCRIPTORS_GONE() \
  GTEST_SKIP() << "this sanitizer needs descriptors of its own"
#endif
#endif
#ifndef PEERAGE_TEST_NEEDS_ALL_DESCRIPTORS_GONE
#define PEERAGE_TEST_NEEDS_ALL_DESCRIPTORS_GONE() static_assert(true)
#endif
