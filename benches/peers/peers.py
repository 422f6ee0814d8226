"""What is compared with: OpenCV's own ways, as its documentation and tutorials use them."""

import cv2
import numpy as np

ORB_POINTS = 2000
RATIO = 0.75
RANSAC_PIXELS = 3.0
LEAST_INLIERS = 10  # fewer is no sighting


def dis(preset):
    """Dense inverse search flow: a function of two grey pictures. `preset` is FAST or MEDIUM."""
    flow = cv2.DISOpticalFlow_create(getattr(cv2, f"DISOPTICAL_FLOW_PRESET_{preset}"))
    return lambda previous, current: flow.calc(previous, current, None)


class Orb:
    """ORB features of a picture, as (positions, descriptors)."""

    def __init__(self, points=ORB_POINTS):
        self.orb = cv2.ORB_create(points)

    def __call__(self, picture):
        points, descriptors = self.orb.detectAndCompute(picture, None)
        if descriptors is None:
            return np.zeros((0, 2)), np.zeros((0, 32), np.uint8)
        return np.array([point.pt for point in points], np.float64), descriptors


class OrbTracker:
    """Finds one target in each frame anew: ORB, brute force, ratio test, RANSAC homography."""

    def __init__(self, target):
        self.orb, self.matcher = Orb(), cv2.BFMatcher(cv2.NORM_HAMMING)
        self.points, self.descriptors = self.orb(target)

    def __call__(self, frame, features=None):
        """The homography from target to frame, or None. `features` are the frame's, if they are known already."""
        points, descriptors = features or self.orb(frame)
        if len(points) < 4 or len(self.points) < 4:
            return None
        pairs = self.matcher.knnMatch(self.descriptors, descriptors, k=2)
        good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
        return homography(self.points, points, good, cv2.RANSAC)


def sift_homography(target, frame):
    """SIFT, ratio test, MAGSAC++: slow and exact."""
    sift = cv2.SIFT_create()
    target_points, target_words = sift.detectAndCompute(target, None)
    frame_points, frame_words = sift.detectAndCompute(frame, None)
    pairs = cv2.BFMatcher().knnMatch(target_words, frame_words, k=2)
    good = [first for first, second in pairs if first.distance < RATIO * second.distance]
    here, there = ([point.pt for point in points] for points in (target_points, frame_points))
    return homography(np.array(here), np.array(there), good, cv2.USAC_MAGSAC)


def homography(target_points, frame_points, matches, method):
    if len(matches) < 4:
        return None
    here = np.float32([target_points[match.queryIdx] for match in matches])
    there = np.float32([frame_points[match.trainIdx] for match in matches])
    found, mask = cv2.findHomography(here, there, method, RANSAC_PIXELS)
    return found if found is not None and mask.sum() >= LEAST_INLIERS else None
